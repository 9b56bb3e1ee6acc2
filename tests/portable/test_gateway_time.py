from firmware.meter.gateway_time import PERIOD_MS, GatewayTime
from firmware.wire import cbor, cose, es256, timesync
from firmware.wire.fields import WireError
from firmware.wire.steps import finish

GATEWAY = es256.SoftwareSigner(bytes(31) + b"\x05")
STRANGER = es256.SoftwareSigner(bytes(31) + b"\x06")
T = 1_800_000_000_000
ECHO = b"12345678"


def said(time_ms=T, uncertainty=500, echo=ECHO, signer=GATEWAY, site="isle", meter="wind-1"):
    return timesync.answer(signer, site, meter, time_ms, uncertainty, echo)


def asking(ticks=1000):
    time = GatewayTime("isle", "wind-1", GATEWAY.public)
    assert time.is_due(ticks)
    assert time.ask(ECHO, ticks) == ECHO
    return time


def refused(time, payload, ticks=1200):
    try:
        finish(time.answer_steps(payload, ticks))
    except WireError:
        return True
    return False


def test_an_answer_is_the_golden_bytes():
    assert said().hex() == (
        "d284582ea4012604487bc1f01c14ed02e50fa2016469736c65026677696e642d31106f766e642e736b657272792e74696d65a0"
        "5819a3011b000001a3185c5000021901f403483132333435363738"
        "58402f0077a38f9075bb0c7ae2269d6bc5a34943674dd133b19f3bde3c874f57d5fd"
        "026e7bcd80a6c004eee1c015d843dd06ee63333e2ac57a307d1f2befb0038adc"
    )


def test_what_may_be_said_has_limits():
    for time_ms in (1_577_836_800_000, 8_589_934_592_000):
        assert finish(asking().answer_steps(said(time_ms), 1000)) == (time_ms, 500)
    for time_ms in (1_577_836_799_999, 8_589_934_592_001):
        assert refused(asking(), said(time_ms))
    for uncertainty in (0, 0xFFFFFFFF):
        assert finish(asking().answer_steps(said(uncertainty=uncertainty), 1000)) == (T, uncertainty)
    assert refused(asking(), said(uncertainty=0x100000000))


def test_the_time_lies_between_question_and_arrival():
    assert finish(asking().answer_steps(said(), 1200)) == (T + 100, 600)
    assert finish(asking().answer_steps(said(), 1201)) == (T + 101, 601)


def test_only_the_gateways_answer_to_this_question_counts():
    for payload in (
        b"",
        said(signer=STRANGER),
        said(site="reef"),
        said(meter="wind-2"),
        said(echo=b"87654321"),
        said(time_ms=1_000_000_000_000),
        cose.sign(GATEWAY, "isle", "wind-1", "vnd.skerry.command", cbor.encode({1: T, 2: 500, 3: ECHO})),
        cose.sign(GATEWAY, "isle", "wind-1", timesync.TYPE, cbor.encode({1: T, 2: 500, 3: ECHO, 4: 0})),
        cose.sign(GATEWAY, "isle", "wind-1", timesync.TYPE, cbor.encode({1: T, 2: -1, 3: ECHO})),
    ):
        assert refused(asking(), payload), payload
    assert refused(GatewayTime("isle", "wind-1", GATEWAY.public), said())


def test_an_answer_counts_once_and_not_late():
    time = asking()
    assert refused(time, said(), 11_001)
    assert not refused(time, said(), 11_000)
    assert refused(time, said(), 11_000)


def test_a_question_without_answer_is_asked_again_soon_else_every_ten_minutes():
    time = asking(1000)
    assert not time.is_due(15_999)
    assert time.is_due(16_000)
    time.ask(b"abcdefgh", 16_000)
    finish(time.answer_steps(said(echo=b"abcdefgh"), 16_100))
    assert not time.is_due(16_099 + PERIOD_MS)
    assert time.is_due(16_100 + PERIOD_MS)
