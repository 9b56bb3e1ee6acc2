"""Signed events at the shadow centre and on the ledger: admitted like certificates, chained, receipted, verified, shown."""

import json
from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blockchain_iface.archive import Archive
from blockchain_iface.cli.app import app
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Rejected
from blockchain_iface.state.describe import describe
from blockchain_iface.state.entries import Alarm
from blockchain_iface.verify import verify
from firmware.wire import certificate, clock, cose, event, receipt, topics
from gateway.core.centre import Message, Publish
from gateway.core.refusal import Refusal
from tests.centre_bench import NOW, TwoMeters
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrol, genesis, signed


class Bench(TwoMeters):
    """Its meters send events."""

    def send(self, meter: VirtualMeter, *payloads: bytes, kind: str = "event", now: int = NOW) -> list[Publish]:
        return super().send(meter, *payloads, kind=kind, now=now)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "ledger.sqlite")


def test_an_event_is_committed_and_receipted_by_kind_and_number(bench: Bench) -> None:
    data = bench.wind.record()
    (answer,) = bench.send(bench.wind, data)
    assert answer.topic == "sk/v1/isle/wind-1/down/receipt"
    kind, number, proof = receipt.unwrap(answer.payload)
    assert (kind, number) == (receipt.EVENT, 1)
    assert receipt.Verifier(SITE, CENTRE.public).check(proof, data)[0] == bench.size()
    assert bench.ledger.state.events["wind-1", 1].id == cose.parse(data).id


def test_events_and_certificates_have_numbers_of_their_own(bench: Bench) -> None:
    height = bench.ledger.blocks(1)[0].height
    batch = [
        Message(topics.up(SITE, "wind-1", "cert"), bench.wind.certify(3, 0)),
        Message(topics.up(SITE, "wind-1", "event"), bench.wind.record()),
    ]
    assert len(bench.centre.on_messages(batch, NOW)) == 2
    assert bench.ledger.blocks(1)[0].height == height + 1
    assert bench.refusals() == {}


def test_a_duplicate_gets_the_same_receipt(bench: Bench) -> None:
    data = bench.wind.record()
    first = bench.send(bench.wind, data)
    size = bench.size()
    assert bench.send(bench.wind, data, data) == first * 2
    assert bench.size() == size


def test_events_come_in_any_order(bench: Bench) -> None:
    one, two, three = (bench.wind.record() for _ in range(3))
    for data in (three, one, two):
        assert len(bench.send(bench.wind, data)) == 1
    assert bench.refusals() == {}


def another_key(meter: VirtualMeter, **changes: object) -> bytes:
    return VirtualMeter(meter.meter, 99).record(**changes)  # type: ignore[arg-type]


def unsigned(meter: VirtualMeter) -> bytes:
    data = bytearray(meter.record())
    data[-80] ^= 1  # in the reset reason, which may be any text
    return bytes(data)


REFUSED: dict[str, tuple[Refusal, Callable[[Bench], bytes]]] = {
    "noise": (Refusal.NOISE, lambda _: bytes(range(256)) * 8),
    "a certificate on the events' topic": (Refusal.NOISE, lambda bench: bench.wind.certify(3, 0)),
    "trailing byte": (Refusal.NOISE, lambda bench: bench.wind.record() + b"\x00"),
    "another meter's": (Refusal.WRONG_METER, lambda bench: bench.house.record()),
    "wrong site": (
        Refusal.WRONG_SITE,
        lambda bench: cose.sign(bench.wind.signer, "atoll", "wind-1", event.TYPE, cose.parse(bench.wind.record()).payload),
    ),
    "unknown key": (Refusal.UNKNOWN_KEY, lambda bench: another_key(bench.wind)),
    "tampered body": (Refusal.BAD_SIGNATURE, lambda bench: unsigned(bench.wind)),
    "no event inside": (
        Refusal.MALFORMED_BODY,
        lambda bench: cose.sign(bench.wind.signer, SITE, "wind-1", event.TYPE, b"\xa0"),
    ),
    "from the future": (Refusal.FUTURE, lambda bench: bench.wind.record(time_ms=(NOW + 32) * 1000)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason_and_nothing_written(bench: Bench, name: str) -> None:
    reason, make = REFUSED[name]
    size = bench.size()
    assert bench.send(bench.wind, make(bench)) == []
    assert bench.refusals() == {reason.value: 1}
    assert bench.size() == size


def test_an_event_without_a_time_is_not_from_the_future(bench: Bench) -> None:
    assert len(bench.send(bench.wind, bench.wind.record(time_ms=None, clock=clock.NEVER_SET))) == 1


def test_a_clone_is_refused_and_put_on_record_once(bench: Bench) -> None:
    clones = [copy(bench.wind).record(uptime_ms=uptime) for uptime in (50, 60)]
    data = bench.wind.record()
    bench.send(bench.wind, bench.wind.certify(3, 0), kind="cert")
    first = bench.send(bench.wind, data)
    assert bench.send(bench.wind, *clones, clones[0]) == []
    assert bench.refusals() == {"clone": 3}
    (alarm,) = bench.entries(Alarm.TYPE)
    evidence = Alarm.decode(alarm.payload)
    assert (evidence.kind, evidence.meter, evidence.number) == (receipt.EVENT, "wind-1", 1)
    assert (evidence.first, evidence.other) == (cose.parse(data).id, clones[0])
    assert bench.send(bench.wind, data) == first


def test_an_alarm_must_be_proved(bench: Bench) -> None:
    clone = copy(bench.wind).record(uptime_ms=50)
    data, other = bench.wind.record(), bench.wind.record()
    bench.send(bench.wind, data)
    good = Alarm(receipt.EVENT, "wind-1", 1, cose.parse(data).id, clone)
    for bad in (
        replace(good, kind=receipt.CERTIFICATE),
        replace(good, number=2),
        replace(good, other=other),
        replace(good, other=data),
        replace(good, other=bench.wind.certify(3, 0)),
        replace(good, other=another_key(bench.wind, uptime_ms=50)),
    ):
        with pytest.raises(Rejected):
            bench.ledger.submit([signed(bad)], NOW)
    bench.ledger.submit([signed(good)], NOW)


def second_event(**changes: object) -> bytes:
    meter = VirtualMeter("wind-1", 11)
    meter.number = 1
    return meter.record(**changes)  # type: ignore[arg-type]


def test_a_broken_chain_is_refused_on_either_side(bench: Bench) -> None:
    one, two, three = (bench.wind.record() for _ in range(3))
    bench.send(bench.wind, one)
    assert bench.send(bench.wind, second_event(prev=bytes(32))) == []
    bench.send(bench.wind, three)
    assert bench.send(bench.wind, second_event(prev=cose.parse(one).id, uptime_ms=77)) == []
    assert bench.refusals() == {"broken-chain": 2}
    assert len(bench.send(bench.wind, two)) == 1


def test_an_event_behind_one_that_the_meters_flash_destroyed_is_taken(bench: Bench) -> None:
    one, two = bench.wind.record(), bench.wind.record()
    bench.send(bench.wind, one, two)
    # it cannot name the second one any more, and so must not take the number behind it
    assert bench.send(bench.wind, copy(bench.wind).record(number=3, prev=bytes(32))) == []
    assert bench.refusals() == {"broken-chain": 1}
    assert len(bench.send(bench.wind, bench.wind.record(number=4, prev=bytes(32)))) == 1


def test_the_ledger_itself_takes_no_stranger(tmp_path: Path) -> None:
    ledger = EmbeddedLedger(tmp_path / "ledger.sqlite", CENTRE, SITE)
    ledger.submit([genesis()], T0)
    meter = VirtualMeter("wind-1", 11)
    with pytest.raises(Rejected, match="not enrolled"):
        ledger.submit([meter.record()], T0)
    enrol(ledger, meter)
    with pytest.raises(Rejected, match="signature"):
        ledger.submit([unsigned(meter)], T0)
    with pytest.raises(Rejected, match="clone"):
        ledger.submit([VirtualMeter("wind-1", 11).record(), VirtualMeter("wind-1", 11).record(uptime_ms=5)], T0)


def test_events_are_counted_by_verify_and_shown_in_full(bench: Bench) -> None:
    step = {1: T0 * 1000, 2: T0 * 1000 + 5000}
    bench.send(bench.wind, bench.wind.record(), bench.wind.record(event.CLOCK_STEP, details=step))
    bench.send(bench.wind, bench.wind.certify(3, 0), kind="cert")
    bench.ledger.close()
    findings = verify(Archive(bench.path), CENTRE.public)
    assert (findings.events, findings.certificates) == (2, 1)
    shown = json.loads(CliRunner().invoke(app, ["show", str(bench.path), "4"]).stdout)
    assert (shown["type"], shown["subject"]) == (event.TYPE, "wind-1")
    body = shown["body"]
    assert body["clock"] == {"holdover_s": 0, "source": clock.HOST, "uncertainty_ms": 100}
    assert (body["number"], body["kind"]) == (2, event.CLOCK_STEP)
    assert body["details"] == {"1": T0 * 1000, "2": T0 * 1000 + 5000}


def test_what_cannot_be_read_is_shown_without_a_body() -> None:
    meter = VirtualMeter("wind-1", 11)
    assert describe(cose.sign(meter.signer, SITE, "wind-1", event.TYPE, b"\xa0"))["body"] is None
    assert describe(meter.certify(3, 0))["type"] == certificate.TYPE
