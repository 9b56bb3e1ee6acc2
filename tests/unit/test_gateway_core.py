"""The shadow centre without I/O: what it admits, what it refuses and why, what it answers, what it asks for."""

import gc
import json
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from scitt_cose.receipt import verify_receipt

from blockchain_iface.ledger import Rejected, Unavailable
from blockchain_iface.signatures import Verifier, public_key
from blockchain_iface.state.entries import Alarm, Recharge, Recovery, Settlement, Sighting
from blockchain_iface.state.happenings import Sighted
from firmware.wire import cbor, certificate, command, cose, es256, log_piece, p256, receipt, rotation, topics
from gateway.core.centre import Message, OtherSite, Publish
from gateway.core.commands import CommandDesk
from gateway.core.gaps import MOST, Gaps
from gateway.core.refusal import Refusal
from gateway.core.telemetry import Telemetry
from tests.centre_bench import NOW, TwoMeters, on_its_topic
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, VirtualMeter, signer

ORDER = p256.N


@pytest.fixture
def bench(tmp_path: Path) -> TwoMeters:
    return TwoMeters(tmp_path / "ledger.sqlite")


def public_pem(public: bytes) -> str:
    return public_key(public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_certificate_is_committed_and_receipted(bench: TwoMeters) -> None:
    data = bench.wind.certify(3, 0)
    (answer,) = bench.send(bench.wind, data)
    assert answer.topic == "sk/v1/isle/wind-1/down/receipt"
    kind, seq, proof = receipt.unwrap(answer.payload)
    assert (kind, seq) == (receipt.CERTIFICATE, 1)
    assert receipt.Verifier(SITE, CENTRE.public).check(proof, data)[0] == bench.size()
    # and a library that shares no code with ours agrees
    assert verify_receipt(proof, leaf_entry_hex=data.hex(), log_public_key_pem=public_pem(CENTRE.public)).ok


def test_a_batch_is_one_block(bench: TwoMeters) -> None:
    height = bench.ledger.blocks(1)[0].height
    answers = bench.send(bench.wind, *(bench.wind.certify(3, 0) for _ in range(5)))
    assert len(answers) == 5
    assert bench.ledger.blocks(1)[0].height == height + 1


def test_a_duplicate_gets_the_same_receipt(bench: TwoMeters) -> None:
    data = bench.wind.certify(3, 0)
    first = bench.send(bench.wind, data)
    bench.send(bench.wind, bench.wind.certify(3, 0))
    size = bench.size()
    assert bench.send(bench.wind, data) == first
    assert bench.send(bench.wind, data, data) == first * 2
    assert bench.size() == size


def test_after_a_restart_everything_receipted_is_still_there(bench: TwoMeters) -> None:
    data = bench.wind.certify(3, 0)
    first = bench.send(bench.wind, data)
    bench.ledger.close()
    bench.open()
    assert bench.send(bench.wind, data) == first


def high_s(bench: TwoMeters) -> bytes:
    statement = cose.parse(bench.wind.certify(3, 0))
    s = ORDER - int.from_bytes(statement.signature[32:], "big")
    return statement.data[:-32] + s.to_bytes(32, "big")


def parts(data: bytes) -> list[Any]:
    outer: Any = cbor.decode(data)
    return list(outer.value)


def reissued(meter: VirtualMeter, site: str, subject: str) -> bytes:
    return cose.sign(meter.signer, site, subject, certificate.TYPE, cose.parse(meter.certify(3, 0)).payload)


def stuffed(bench: TwoMeters) -> bytes:
    protected, _, payload, signature = parts(bench.wind.certify(3, 0))
    return cbor.encode(cbor.Tagged(18, [protected, {396: {-1: [b"a receipt"]}}, payload, signature]))


def oversized(bench: TwoMeters) -> bytes:
    return cose.sign(bench.wind.signer, SITE, "wind-1", certificate.TYPE, bytes(certificate.MAX_SIZE))


def tampered(bench: TwoMeters) -> bytes:
    protected, _, payload, signature = parts(bench.wind.certify(3, 0))
    body: Any = cbor.decode(payload)
    body[8][0] += 1
    body[10][0] += 1
    return cbor.encode(cbor.Tagged(18, [protected, {}, cbor.encode(body), signature]))


def unbalanced(bench: TwoMeters) -> bytes:
    body: Any = cbor.decode(cose.parse(bench.wind.certify(3, 0)).payload)
    body[10][0] += 1
    return cose.sign(bench.wind.signer, SITE, "wind-1", certificate.TYPE, cbor.encode(body))


def from_the_future(bench: TwoMeters) -> bytes:
    return bench.wind.certify(3, 0, t0=NOW + 25)


REFUSED: dict[str, tuple[Refusal, Callable[[TwoMeters], bytes]]] = {
    "noise of 64 KB": (Refusal.NOISE, lambda _: bytes(range(256)) * 256),
    "empty": (Refusal.NOISE, lambda _: b""),
    "larger than any certificate": (Refusal.NOISE, oversized),
    "trailing byte": (Refusal.NOISE, lambda bench: bench.wind.certify(3, 0) + b"\x00"),
    "another statement": (Refusal.NOISE, lambda bench: bench.wind.request),
    "high-S twin": (Refusal.HIGH_S, high_s),
    "stuffed header": (Refusal.STUFFED_HEADER, stuffed),
    "wrong site": (Refusal.WRONG_SITE, lambda bench: reissued(bench.wind, "atoll", "wind-1")),
    "another meter's": (Refusal.WRONG_METER, lambda bench: bench.house.certify(3, 0)),
    "in another's name, own key": (Refusal.WRONG_METER, lambda bench: reissued(bench.wind, SITE, "house-1")),
    "in another's name": (Refusal.WRONG_METER, lambda bench: reissued(bench.house, SITE, "wind-1")),
    "unknown key": (Refusal.UNKNOWN_KEY, lambda _: VirtualMeter("wind-1", 99).certify(3, 0)),
    "tampered body": (Refusal.BAD_SIGNATURE, tampered),
    "energy that does not add up": (Refusal.MALFORMED_BODY, unbalanced),
    "from the future": (Refusal.FUTURE, from_the_future),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_a_reason_and_nothing_disturbed(bench: TwoMeters, name: str) -> None:
    reason, make = REFUSED[name]
    bad = make(bench)
    good = VirtualMeter("house-1", 12).certify(3, 0)
    size = bench.size()
    answers = bench.centre.on_messages([on_its_topic(bench.wind, bad), on_its_topic(bench.house, good)], NOW)
    assert [answer.topic for answer in answers] == ["sk/v1/isle/house-1/down/receipt"]
    assert bench.refusals() == {reason.value: 1}
    assert bench.size() == size + 1
    by_meter = {meter.meter: meter.refused for meter in bench.centre.view(NOW, {}, "").meters}
    assert by_meter == {"wind-1": 1, "house-1": 0}


def test_every_reason_has_its_test() -> None:
    tested = {reason for reason, _ in REFUSED.values()}
    assert set(Refusal) - tested == {Refusal.FLOOD, Refusal.CLONE, Refusal.BROKEN_CHAIN, Refusal.BAD_STATE}


def test_a_flood_is_not_looked_at_and_costs_the_others_nothing(bench: TwoMeters, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[bytes] = []
    checks = Verifier.checks

    def noted(self: Verifier, *given: bytes) -> bool:
        checked.append(given[0])
        return checks(self, *given)

    monkeypatch.setattr(Verifier, "checks", noted)
    flood = [tampered(bench) for _ in range(700)]
    late = bench.wind.certify(3, 0)
    good = bench.house.certify(3, 0)
    topics = [answer.topic for answer in bench.centre.on_messages([on_its_topic(bench.wind, bad) for bad in flood], NOW)]
    assert topics == []
    assert bench.refusals() == {"bad-signature": 500, "flood": 200}
    assert len(checked) == 500
    # an honest certificate of its, too, has to wait; nobody else's
    assert bench.send(bench.wind, late) == []
    assert len(bench.send(bench.house, good)) == 1
    first = VirtualMeter("wind-1", 11).certify(3, 0)
    assert len(bench.send(bench.wind, first, now=NOW + 1)) == 1


def test_refusing_leaves_nothing_for_the_garbage_collector(bench: TwoMeters) -> None:
    batch = [on_its_topic(bench.wind, bad) for bad in (b"noise", high_s(bench), tampered(bench), unbalanced(bench))] * 20
    bench.centre.on_messages(batch, NOW)
    gc.collect()
    gc.disable()
    try:
        bench.centre.on_messages(batch, NOW)
        assert gc.collect() < len(batch)
    finally:
        gc.enable()


def test_made_up_names_share_one_bucket(bench: TwoMeters) -> None:
    crowd = [Message(topics.up(SITE, f"nobody-{number}", "state"), b"") for number in range(501)]
    bench.centre.on_messages(crowd, NOW)
    assert bench.refusals() == {"bad-state": 500, "flood": 1}


def test_a_certificate_from_the_future_is_welcome_later(bench: TwoMeters) -> None:
    data = from_the_future(bench)
    assert bench.send(bench.wind, data) == []
    assert len(bench.send(bench.wind, data, now=NOW + 5)) == 1


def test_a_topic_of_another_site_or_none_is_refused(bench: TwoMeters) -> None:
    bench.centre.on_messages([Message("sk/v1/atoll/wind-1/up/cert", b""), Message("somewhere", b"")], NOW)
    assert bench.refusals() == {"wrong-site": 1, "noise": 1}


def test_a_clone_is_refused_and_put_on_record_once(bench: TwoMeters) -> None:
    clones = [copy(bench.wind).certify(imported, 0) for imported in (50, 60)]
    data = bench.wind.certify(3, 0)
    first = bench.send(bench.wind, data)
    assert bench.send(bench.wind, *clones, clones[0]) == []
    assert bench.refusals() == {"clone": 3}
    (alarm,) = bench.entries(Alarm.TYPE)
    evidence = Alarm.decode(alarm.payload)
    assert (evidence.meter, evidence.number, evidence.first) == ("wind-1", 1, cose.parse(data).id)
    assert evidence.other == clones[0]
    assert bench.send(bench.wind, data) == first


def test_clones_in_one_batch_leave_the_first(bench: TwoMeters) -> None:
    clone = copy(bench.wind).certify(50, 0)
    answers = bench.send(bench.wind, bench.wind.certify(3, 0), clone, bench.wind.certify(3, 0))
    assert len(answers) == 2
    assert bench.refusals() == {"clone": 1}
    assert len(bench.entries(Alarm.TYPE)) == 1


def test_a_broken_chain_is_refused_and_the_rest_of_the_batch_taken(bench: TwoMeters) -> None:
    bench.send(bench.wind, bench.wind.certify(3, 0))
    broken = copy(bench.wind).certify(3, 0, opening=(5000, 0), closing=(5003, 0))
    good, other = bench.wind.certify(3, 0), bench.house.certify(3, 0)
    batch = [on_its_topic(bench.wind, broken), on_its_topic(bench.wind, good), on_its_topic(bench.house, other)]
    answers = bench.centre.on_messages(batch, NOW)
    assert [answer.topic.split("/")[3] for answer in answers] == ["house-1", "wind-1"]
    assert [receipt.unwrap(answer.payload)[1] for answer in answers] == [1, 2]
    assert bench.refusals() == {"broken-chain": 1}
    assert bench.entries(Alarm.TYPE) == []


def test_a_gap_is_asked_for_when_it_stays(bench: TwoMeters) -> None:
    one, two, three = (bench.wind.certify(3, 0) for _ in range(3))
    bench.send(bench.wind, one, three)
    assert commands(bench.centre.on_tick(NOW)) == []
    assert commands(bench.centre.on_tick(NOW + 4)) == []
    (request,) = commands(bench.centre.on_tick(NOW + 5))
    assert request.topic == "sk/v1/isle/wind-1/down/cmd"
    order = command.parse(request.payload, SITE, "wind-1")
    assert command.resend_of(order.arguments) == (2, 2)
    assert es256.verify(CENTRE.public, order.id, order.signature)
    assert commands(bench.centre.on_tick(NOW + 9)) == []
    bench.send(bench.wind, two)
    assert commands(bench.centre.on_tick(NOW + 60)) == []


def commands(outgoing: list[Publish]) -> list[Publish]:
    return [one for one in outgoing if one.topic.endswith("/cmd")]


def test_commands_are_numbered_in_order_and_across_restarts() -> None:
    desk = CommandDesk(CENTRE, SITE)
    issued = [(desk, NOW), (desk, NOW), (desk, NOW - 60), (CommandDesk(CENTRE, SITE), NOW + 1)]
    datas = [one.issue("wind-1", command.RELAY, [0], at, at + 60) for one, at in issued]
    numbers = [command.parse(data, SITE, "wind-1").number for data in datas]
    assert numbers == sorted(set(numbers))


def test_gaps_are_asked_for_ever_more_rarely_and_in_pieces(bench: TwoMeters) -> None:
    data = [bench.wind.certify(3, 0) for _ in range(MOST + 10)]
    bench.send(bench.wind, data[-1])
    chain = bench.ledger.state.chains["wind-1"]
    gaps = Gaps()
    asked = [now for now in range(400) if gaps.ask("wind-1", chain.gaps, now) is not None]
    assert asked == [5, 15, 35, 75, 155, 315]
    assert gaps.ask("wind-1", chain.gaps, 1000) == (1, MOST)


def test_progress_puts_the_question_off(bench: TwoMeters) -> None:
    one, _, _, four = (bench.wind.certify(3, 0) for _ in range(4))
    gaps = Gaps()
    bench.send(bench.wind, four)
    gaps.ask("wind-1", bench.ledger.state.chains["wind-1"].gaps, 0)
    bench.send(bench.wind, one)
    assert gaps.ask("wind-1", bench.ledger.state.chains["wind-1"].gaps, 5) is None
    assert gaps.ask("wind-1", bench.ledger.state.chains["wind-1"].gaps, 10) == (2, 3)


def test_orders_count_once(bench: TwoMeters) -> None:
    for _ in range(2):
        bench.centre.order(Recharge("house-1", 5_000_000, "slip 1"), NOW)
    bench.centre.order(Recovery("house-1", 2_000_000, "slip 2"), NOW)
    with pytest.raises(Rejected, match="reference slip 1 was used before"):
        bench.centre.order(Recharge("house-1", 6_000_000, "slip 1"), NOW)
    view = bench.centre.view(NOW, {}, "")
    assert (view.recharged, view.recovered, view.balances) == (5_000_000, 2_000_000, 3_000_000)
    assert {meter.meter: meter.balance for meter in view.meters} == {"wind-1": 0, "house-1": 3_000_000}


def test_enrolments_count_once(bench: TwoMeters) -> None:
    size = bench.size()
    bench.centre.enrol(bench.wind.request, "wind", NOW)
    assert bench.size() == size
    with pytest.raises(Rejected, match="wind-1 is enrolled already"):
        bench.centre.enrol(VirtualMeter("wind-1", 99).request, "wind", NOW)
    with pytest.raises(Rejected, match="the key is or was that of wind-1"):
        bench.centre.enrol(VirtualMeter("wind-2", 11).request, "wind", NOW)
    with pytest.raises(Rejected, match="not an enrolment request"):
        bench.centre.enrol(b"hello", "wind", NOW)


def test_other_rules_than_the_ledgers_are_refused(bench: TwoMeters) -> None:
    with pytest.raises(OtherSite, match="interval_s"):
        bench.open(interval=60)


def test_a_complete_interval_is_settled_on_the_next_tick(bench: TwoMeters) -> None:
    for meter in (bench.wind, bench.house):
        bench.send(meter, meter.certify(3, 0))
    bench.centre.on_tick(NOW)
    (settled,) = bench.entries(Settlement.TYPE)
    assert Settlement.decode(settled.payload).t0 == T0
    assert sum(amount for _, amount in Settlement.decode(settled.payload).postings) == 0


def test_what_is_settled_late_comes_in_pieces(bench: TwoMeters) -> None:
    bench.send(bench.wind, *[bench.wind.certify(3, 0) for _ in range(20)])
    for settled in (4, 8, 12):
        bench.centre.on_tick(NOW, 4)
        assert len(bench.entries(Settlement.TYPE)) == settled
    bench.centre.on_tick(NOW)
    assert len(bench.entries(Settlement.TYPE)) == 20


def test_the_view_shows_debt_state_and_names(bench: TwoMeters) -> None:
    bench.send(bench.wind, bench.wind.certify(3, 0))
    said = {"online": True, "seq": 4, "w": -1500, "dv": 2301, "clock": 2, "uncertainty_ms": 1000}
    will = {"online": False}
    topic = topics.up(SITE, "wind-1", "state")
    for at, document in enumerate((said, will)):
        bench.centre.on_messages([Message(topic, json.dumps(document).encode())], NOW + at)
    view = bench.centre.view(NOW + 2, {"wind-1": "Wind turbine 1"}, "mosquitto")
    wind = next(meter for meter in view.meters if meter.meter == "wind-1")
    assert (wind.name, wind.role, wind.online, wind.state_time) == ("Wind turbine 1", "wind", False, NOW + 1)
    assert (wind.power_w, wind.voltage_dv, wind.issued, wind.receipted, wind.debt) == (-1500, 2301, 4, 1, 3)
    assert (wind.import_wh, wind.certified_until) == (1003, T0 + INTERVAL)
    assert view.debt == 3
    assert sum(block.entries for block in view.blocks) == view.blocks[0].size


BAD_STATES = [
    b"",
    b"[]",
    b"{}",
    b'{"online": 1}',
    b'{"online": true, "w": "1"}',
    b'{"online": true, "v": 1}',
    b'{"online": true}'.ljust(2049),
]


@pytest.mark.parametrize("payload", BAD_STATES)
def test_a_bad_state_message_is_refused(bench: TwoMeters, payload: bytes) -> None:
    bench.centre.on_messages([Message(topics.up(SITE, "wind-1", "state"), payload)], NOW)
    assert bench.refusals() == {"bad-state": 1}
    assert bench.centre.view(NOW, {}, "").meters[0].state_time is None


HEALTH = {
    "uptime_s": 61,
    "boot": 7,
    "reset": "watchdog",
    "heap_free": 90_000,
    "lag_max_ms": 12,
    "lag_mean_ms": 1,
    "store_percent": 25,
    "rssi": -67,
    "refused": 0,
    "link_error": "",
    "bus": [{"unit": 1, "status": "crc", "errors": {"crc": 3}}],
}


def test_the_last_health_is_kept() -> None:
    telemetry = Telemetry()
    assert telemetry.health("wind-1") is None
    telemetry.note_health("wind-1", json.dumps(HEALTH).encode(), NOW)
    message, at = telemetry.health("wind-1") or (None, None)
    assert message is not None
    assert (message.model_dump(), at) == (HEALTH, NOW)


def test_health_comes_from_the_enrolled_and_changes_no_state(bench: TwoMeters) -> None:
    said = json.dumps(HEALTH).encode()
    bench.centre.on_messages([Message(topics.up(SITE, "wind-1", "health"), said)], NOW)
    assert bench.refusals() == {}
    assert bench.centre.view(NOW, {}, "").meters[0].state_time is None
    bench.centre.on_messages([Message(topics.up(SITE, "wind-9", "health"), said)], NOW)
    assert bench.refusals() == {"bad-state": 1}


def test_a_log_is_kept_when_it_is_whole(bench: TwoMeters) -> None:
    telemetry = Telemetry()
    first, second = log_piece.split(b"a line\n" * 100)
    telemetry.note_log("wind-1", first, NOW)
    assert telemetry.log("wind-1") is None
    telemetry.note_log("wind-1", second, NOW + 1)
    assert telemetry.log("wind-1") == (b"a line\n" * 100, NOW + 1)
    with pytest.raises(ValueError, match="piece 1 of the log, 0 was expected"):
        telemetry.note_log("wind-1", second, NOW + 2)
    bench.centre.on_messages([Message(topics.up(SITE, "wind-1", "log"), first)], NOW)
    assert bench.refusals() == {}
    bench.centre.on_messages([Message(topics.up(SITE, "wind-1", "log"), b"noise")], NOW)
    assert bench.refusals() == {"bad-state": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"boot": -1},
        {"boot": "7"},
        {"x": 1},
        {"bus": [{}] * 9},
        {"reset": "x" * 65},
        {"link_error": "x" * 5000},
        {"store_percent": 101},
    ],
)
def test_bad_health_is_refused(bench: TwoMeters, change: dict[str, object]) -> None:
    bench.centre.on_messages([Message(topics.up(SITE, "wind-1", "health"), json.dumps(HEALTH | change).encode())], NOW)
    assert bench.refusals() == {"bad-state": 1}


def test_a_stranger_has_no_state(bench: TwoMeters) -> None:
    bench.centre.on_messages([Message(topics.up(SITE, "wind-9", "state"), b'{"online": true}')], NOW)
    assert bench.refusals() == {"bad-state": 1}


def test_while_the_ledger_is_unavailable_nothing_is_answered_or_counted(bench: TwoMeters, monkeypatch) -> None:
    data = bench.wind.certify(3, 0)
    batch = [on_its_topic(bench.wind, b"noise"), on_its_topic(bench.wind, data)]
    monkeypatch.setattr(bench.ledger, "submit", unavailable)
    with pytest.raises(Unavailable):
        bench.centre.on_messages(batch, NOW)
    monkeypatch.undo()
    assert bench.refusals() == {}
    assert len(bench.centre.on_messages(batch, NOW)) == 1
    assert bench.refusals() == {"noise": 1}


def unavailable(*_: object) -> None:
    raise Unavailable("the disk is full")


def seen_in(answer: Publish, data: bytes) -> tuple[int, bytes]:
    """The head that a meter remembers of a receipt for ``data``."""
    return receipt.Verifier(SITE, CENTRE.public).check(receipt.unwrap(answer.payload)[2], data)


def test_what_a_meter_saw_of_this_history_is_no_news(bench: TwoMeters) -> None:
    data = bench.wind.certify(3, 0)
    (answer,) = bench.send(bench.wind, data)
    bench.send(bench.house, bench.house.certify(3, 0))
    bench.send(bench.wind, bench.wind.certify(3, 0, seen=seen_in(answer, data)))
    assert bench.entries(Sighting.TYPE) == []
    assert not any(isinstance(one, Sighted) for one in bench.ledger.happened())


def test_a_meter_that_saw_another_history_is_believed_and_put_on_record_once(bench: TwoMeters) -> None:
    other = 3, bytes(32)
    data = bench.wind.certify(3, 0, seen=other)
    (answer,) = bench.send(bench.wind, data)
    assert seen_in(answer, data)[0] == 4
    (statement,) = bench.entries(Sighting.TYPE)
    evidence = Sighting.decode(statement.payload)
    assert statement.kid == CENTRE.kid
    assert (evidence.certificate, evidence.size, evidence.root) == (data, 3, bench.ledger.root(3))
    assert Sighted("wind-1", 3, (evidence.size, evidence.root)) in bench.ledger.happened()
    # neither the same certificate nor the meter's next one tells more; another meter's word does
    bench.send(bench.wind, data, bench.wind.certify(3, 0, seen=other))
    assert len(bench.entries(Sighting.TYPE)) == 1
    bench.send(bench.house, bench.house.certify(3, 0, seen=other))
    assert len(bench.entries(Sighting.TYPE)) == 2


def test_a_meter_that_saw_more_than_there_is_tells_of_a_lost_history(bench: TwoMeters) -> None:
    """The operator has put back an older copy of the ledger."""
    older = bench.path.with_name("older.sqlite")
    bench.ledger.close()
    older.write_bytes(bench.path.read_bytes())
    bench.open()
    lost = [bench.house.certify(1, 0) for _ in range(2)]
    data = bench.wind.certify(3, 0)
    (*_, answer) = [*bench.send(bench.house, *lost), *bench.send(bench.wind, data)]
    following = bench.wind.certify(3, 0, seen=seen_in(answer, data))
    bench.ledger.close()
    bench.path = older
    bench.open()
    head = bench.ledger.head()
    assert head is not None
    bench.send(bench.wind, data, following)
    (statement,) = bench.entries(Sighting.TYPE)
    evidence = Sighting.decode(statement.payload)
    assert evidence.certificate == following
    assert evidence.size == head.size + 2 < seen_in(answer, data)[0] + 1
    assert evidence.root == bench.ledger.root(evidence.size)


def test_a_sighting_is_not_forgotten_if_the_ledger_fails_in_between(bench: TwoMeters, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bench.wind.certify(3, 0, seen=(3, bytes(32)))
    submit, calls = bench.ledger.submit, []

    def failing(entries: Any, at: int) -> list[bytes]:
        calls.append(entries)
        if len(calls) == 2:
            raise Unavailable("once")
        return submit(entries, at)

    monkeypatch.setattr(bench.ledger, "submit", failing)
    with pytest.raises(Unavailable):
        bench.send(bench.wind, data)
    assert bench.entries(Sighting.TYPE) == []
    bench.send(bench.wind, data)
    assert len(bench.entries(Sighting.TYPE)) == 1


def rotated(meter: VirtualMeter, number: int) -> bytes:
    return rotation.rotate(meter.signer, signer(number), SITE, meter.meter, meter.seq + 1, meter.number + 1)


def test_a_meter_hands_over_to_a_new_key_and_certifies_with_it(bench: TwoMeters) -> None:
    house = bench.house
    bench.send(house, house.certify(1, 0))
    turn = rotated(house, 60)
    (answer,) = bench.send(house, turn, kind="rotation")
    kind, first, proof = receipt.unwrap(answer.payload)
    assert (answer.topic, kind, first) == ("sk/v1/isle/house-1/down/receipt", receipt.ROTATION, 2)
    assert receipt.Verifier(SITE, CENTRE.public).check(proof, turn)[0] == bench.size()
    bench.send(bench.wind, bench.wind.certify(0, 1))
    assert bench.send(house, turn, kind="rotation") == [answer]
    # what the meter signed before it heard of it
    assert len(bench.send(house, house.certify(2, 0))) == 1
    assert bench.send(house, turn, kind="rotation") == [answer]
    house.signer = signer(60)
    assert len(bench.send(house, house.certify(3, 0))) == 1
    assert len(bench.send(house, house.record(), kind="event")) == 1
    assert bench.refusals() == {}
    assert bench.centre.view(NOW, {}, "").meters[0].receipted == 3


def test_nobody_hands_over_for_another_twice_or_in_quarantine(bench: TwoMeters) -> None:
    house, wind = bench.house, bench.wind
    assert bench.send(wind, rotated(house, 60), kind="rotation") == []
    assert bench.send(house, rotated(house, 60), rotated(house, 61), kind="rotation")
    assert bench.send(house, rotated(house, 62), kind="rotation") == []
    twin = copy(wind)
    bench.send(wind, wind.certify(0, 1))
    bench.send(wind, twin.certify(0, 2))
    assert bench.send(wind, rotated(wind, 63), kind="rotation") == []
    assert "in quarantine" in bench.centre.newest_refusals[Refusal.BROKEN_CHAIN].detail
    assert bench.refusals() == {Refusal.WRONG_METER: 1, Refusal.BROKEN_CHAIN: 3, Refusal.CLONE: 1}
