"""Two devices under one key: both statements on record, the energy kept from settlement, trued up once people decide."""

from copy import copy
from pathlib import Path

import pytest

from blockchain_iface.ledger import Rejected
from blockchain_iface.state.entries import Alarm, Exchange, Leak, Readmission, Revocation
from blockchain_iface.state.records import CERTIFIED, SCHEDULED, Hold, Measured
from firmware.wire import cose, event, receipt, rotation
from tests.virtual_meter import INTERVAL, SITE, T0, CarelessSigner, VirtualMeter, enrolment_of, signed, signer
from tests.worlds import Island


@pytest.fixture
def island(tmp_path: Path) -> Island:
    island = Island(tmp_path / "ledger.sqlite")
    for number in range(1, 4):
        island.run(wind=400, home=300, other=100, now=T0 + number * INTERVAL)
    return island


def submit(island: Island, *entries: bytes) -> None:
    island.ledger.submit(entries, T0 + 1000)
    island.check()


def accuse(island: Island, meter: VirtualMeter, first: bytes, second: bytes, kind: int = receipt.CERTIFICATE) -> None:
    """Put ``second`` on record against ``first``, which is on the ledger."""
    number = meter.seq if kind == receipt.CERTIFICATE else meter.number
    submit(island, signed(Alarm(kind, meter.meter, number, cose.parse(first).id, second), meter.meter))


def clone(island: Island, meter: VirtualMeter) -> None:
    """``meter`` records an event, and its twin another one under the same number."""
    twin = copy(meter)
    first, second = meter.record(uptime_ms=1), twin.record(uptime_ms=2)
    submit(island, first)
    accuse(island, meter, first, second, receipt.EVENT)


def measured(island: Island, place: int) -> dict[str, Measured]:
    return dict(island.interval(T0 + place * INTERVAL).measured)


def readmission(point: str, number: int = 1) -> bytes:
    return signed(Readmission(point, number, "the flash was copied back"), point)


def test_what_a_quarantined_meter_certifies_is_kept_and_not_settled_until_it_is_readmitted(island: Island) -> None:
    clone(island, island.wind)
    for number in range(4, 10):
        island.run(wind=400, home=300, other=100, now=T0 + number * INTERVAL)
        island.work(T0 + number * INTERVAL + 7)
    state = island.ledger.state
    assert state.chains["wind-1"].contiguous == 9
    held = [measured(island, place) for place in range(3, 9)]
    assert all(each["home-1"] == Measured(300, 0, CERTIFIED) for each in held)
    # nothing is forecast of it, so its schedule is empty
    assert all(each["wind-1"] == Measured(0, 0, SCHEDULED) for each in held)
    assert [island.interval(T0 + place * INTERVAL).unexplained_wh for place in (2, 3)] == [0, None]
    assert state.holds["wind-1"] == Hold(1, ((T0 + 3 * INTERVAL, T0 + 8 * INTERVAL),), 1)
    submit(island, readmission("wind-1"))
    assert state.holds["wind-1"] == Hold(1)
    island.work(T0 + 9 * INTERVAL)
    for place in range(3, 9):
        assert measured(island, place)["wind-1"] == Measured(0, 400, CERTIFIED)
        assert island.interval(T0 + place * INTERVAL).revision == 1
        assert island.interval(T0 + place * INTERVAL).unexplained_wh == 0
    assert not [t0 for t0 in state.open_intervals() if t0 + INTERVAL <= T0 + 9 * INTERVAL]
    with pytest.raises(Rejected, match="not in its quarantine 1"):
        submit(island, signed(Readmission("wind-1", 1, "again"), "wind-1"))


def test_nobody_waits_for_what_is_in_quarantine(island: Island) -> None:
    clone(island, island.wind)
    t = T0 + 4 * INTERVAL
    island.submit(island.home.certify(300, 0), island.other.certify(100, 0), island.feeder.certify(0, 0), now=t)
    assert island.interval(T0 + 3 * INTERVAL).revision == 0


def test_what_was_certified_and_not_yet_settled_is_held_too(island: Island) -> None:
    submit(island, *(meter.certify(0, 400) for meter in island.meters))
    clone(island, island.wind)
    island.work(T0 + 4 * INTERVAL)
    assert measured(island, 3)["wind-1"].quality == SCHEDULED
    submit(island, readmission("wind-1"))
    island.work(T0 + 4 * INTERVAL)
    assert measured(island, 3)["wind-1"] == Measured(0, 400, CERTIFIED)


def test_what_was_settled_before_the_quarantine_stays_when_more_becomes_known(island: Island) -> None:
    clone(island, island.wind)
    clone(island, island.feeder)
    late = VirtualMeter("late-1", 80, T0 + 2 * INTERVAL)
    submit(island, enrolment_of(late), late.certify(50, 0))
    island.work(T0 + 3 * INTERVAL)
    assert island.interval(T0 + 2 * INTERVAL).revision == 1
    assert measured(island, 2)["wind-1"] == Measured(0, 400, CERTIFIED)
    assert island.interval(T0 + 2 * INTERVAL).unexplained_wh == -50


def test_a_feeder_in_quarantine_explains_nothing_until_it_is_readmitted(island: Island) -> None:
    clone(island, island.feeder)
    island.run(wind=400, home=300, other=100, now=T0 + 4 * INTERVAL)
    assert island.interval(T0 + 3 * INTERVAL).unexplained_wh is None
    submit(island, readmission("feeder"))
    island.work(T0 + 4 * INTERVAL)
    assert island.interval(T0 + 3 * INTERVAL).unexplained_wh == 0


def test_a_certificate_under_a_taken_number_begins_a_quarantine_too(island: Island) -> None:
    twin = copy(island.home)
    first, second = island.home.certify(1, 0), twin.certify(2, 0)
    submit(island, first)
    accuse(island, island.home, first, second)
    assert island.ledger.state.holds["home-1"].holds


def test_a_second_clone_of_a_readmitted_meter_begins_a_second_quarantine(island: Island) -> None:
    clone(island, island.wind)
    clone(island, island.wind)
    assert island.ledger.state.holds["wind-1"].number == 1
    submit(island, readmission("wind-1"))
    clone(island, island.wind)
    with pytest.raises(Rejected, match="not in its quarantine 1"):
        submit(island, signed(Readmission("wind-1", 1, "again"), "wind-1"))
    submit(island, readmission("wind-1", 2))
    assert island.ledger.state.holds["wind-1"] == Hold(2)


def test_a_revocation_ends_the_quarantine_and_what_came_before_is_settled(island: Island) -> None:
    clone(island, island.wind)
    island.run(wind=400, home=300, other=100, now=T0 + 4 * INTERVAL)
    submit(island, signed(Revocation("wind-1", 5, 2, "two devices"), "wind-1"))
    island.work(T0 + 5 * INTERVAL)
    assert measured(island, 3)["wind-1"] == Measured(0, 400, CERTIFIED)


def test_an_exchange_ends_the_quarantine(island: Island) -> None:
    clone(island, island.home)
    island.run(wind=400, home=300, other=100, now=T0 + 4 * INTERVAL)
    new = VirtualMeter("home-1b", 70, t0=T0 + 4 * INTERVAL)
    exchange = Exchange("home-1", new.request, 4, island.home.registers, new.registers, new.t)
    submit(island, signed(exchange, "home-1b"))
    island.work(T0 + 5 * INTERVAL)
    assert measured(island, 3)["home-1"] == Measured(300, 0, CERTIFIED)
    # the old meter's clones are evidence still, and hold nobody
    clone(island, copy(island.other))
    twin = VirtualMeter("home-1", 12).certify(7, 7)
    first = island.ledger.state.certificates["home-1", 1].id
    submit(island, signed(Alarm(receipt.CERTIFICATE, "home-1", 1, first, twin), "home-1"))
    assert not island.ledger.state.holds["home-1"].holds


def test_nobody_rotates_a_key_in_quarantine(island: Island) -> None:
    turn = rotation.rotate(island.wind.signer, signer(60), SITE, "wind-1", 4, 2)
    clone(island, island.wind)
    turn = rotation.rotate(island.wind.signer, signer(60), SITE, "wind-1", 4, 2)
    with pytest.raises(Rejected, match="wind-1 is in quarantine"):
        submit(island, turn)
    submit(island, readmission("wind-1"))
    submit(island, turn)
    assert island.ledger.state.meters["wind-1"].kid == signer(60).kid
    # a clone under the key before holds nobody once that signs nothing new
    twin = VirtualMeter("wind-1", 11)
    first = signed(Alarm(receipt.CERTIFICATE, "wind-1", 1, fact(island, 1), twin.certify(7, 7)))
    island.wind.signer = signer(60)
    submit(island, island.wind.certify(0, 1), first)
    assert not island.ledger.state.holds["wind-1"].holds
    assert ("wind-1", receipt.CERTIFICATE, 1) in island.ledger.state.alarms


def fact(island: Island, number: int) -> bytes:
    return island.ledger.state.certificates["wind-1", number].id


def test_a_clone_under_a_key_that_has_not_been_replaced_yet_is_held(island: Island) -> None:
    submit(island, rotation.rotate(island.wind.signer, signer(60), SITE, "wind-1", 4, 2))
    clone(island, island.wind)
    assert island.ledger.state.holds["wind-1"].holds


def leak_of(first: bytes, other: bytes) -> bytes:
    return signed(Leak(first, other), cose.parse(first).subject)


def test_two_signatures_with_one_nonce_are_evidence_that_anybody_can_sign(island: Island) -> None:
    island.wind.signer = CarelessSigner(11)
    first, second, third = island.wind.certify(0, 1), island.wind.record(event.BOOT), island.wind.certify(0, 2)
    submit(island, first, second)
    submit(island, leak_of(first, second))
    kid = island.wind.signer.kid
    assert island.ledger.state.holds["wind-1"].holds
    assert island.ledger.state.leaks[kid] == cose.parse(leak_of(first, second)).id
    with pytest.raises(Rejected, match="on record already"):
        submit(island, leak_of(first, third))


def test_what_proves_no_leak_is_refused(island: Island) -> None:
    good = VirtualMeter("wind-1", 11)
    careless, other = VirtualMeter("wind-1", 11), VirtualMeter("home-1", 12)
    careless.signer, other.signer = CarelessSigner(11), CarelessSigner(12)
    stranger = VirtualMeter("wind-1", 90)
    stranger.signer = CarelessSigner(90)
    first = careless.certify(0, 1)
    for pair, reason in (
        ((first, good.certify(0, 9)), "proves no leak"),
        ((first, first), "proves no leak"),
        ((first, other.certify(0, 1)), "proves no leak"),
        ((stranger.certify(0, 1), stranger.certify(0, 2)), "proves no leak"),
        ((first, careless.certify(0, 1)[:-1] + b"\0"), "proves no leak"),
        ((first, b"noise"), "no pair of statements"),
    ):
        with pytest.raises(Rejected, match=reason):
            submit(island, leak_of(*pair))
    assert not island.ledger.state.holds.get("wind-1")
