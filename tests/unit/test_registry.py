"""Who may certify, with which key and until when: conflicts, revocation, rotation, and another meter at the same point."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.ledger import Rejected
from blockchain_iface.state.describe import describe
from blockchain_iface.state.entries import Alarm, Enrolment, Exchange, Revocation
from blockchain_iface.state.records import NEVER, SPREAD, Key
from blockchain_iface.statement import lines
from blockchain_iface.verify import verify
from firmware.wire import cose, enrolment, event, receipt, rotation
from firmware.wire.fields import WireError
from firmware.wire.gap import Gap
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, VirtualMeter, signed, signer
from tests.worlds import DEADLINE, Island


@pytest.fixture
def island(tmp_path: Path) -> Island:
    island = Island(tmp_path / "ledger.sqlite")
    for number in range(1, 4):
        island.run(wind=400, home=300, other=100, now=T0 + number * INTERVAL)
    return island


def submit(island: Island, *entries: bytes) -> None:
    island.ledger.submit(entries, T0 + 1000)


def revoke(meter: str, certificate: int, event: int = 1) -> bytes:
    return signed(Revocation(meter, certificate, event, "stolen"), meter)


def rotate(meter: VirtualMeter, number: int, certificate: int, event: int = 1) -> bytes:
    """The statement; from then on ``meter`` signs with the new key."""
    new = signer(number)
    data = rotation.rotate(meter.signer, new, SITE, meter.meter, certificate, event)
    meter.signer = new
    return data


def test_enrolments_that_conflict_are_refused(island: Island) -> None:
    wind, taken = island.wind, VirtualMeter("house-9", 12)
    again = enrolment.request(signer(50), SITE, "wind-1")
    centre = enrolment.request(CENTRE, SITE, "house-9")
    for request, subject, reason in (
        (wind.request, "wind-1", "the key is or was that of wind-1"),
        (again, "wind-1", "wind-1 is enrolled already"),
        (taken.request, "house-9", "the key is or was that of home-1"),
        (centre, "house-9", "the key is the shadow centre's"),
        (again, "house-9", "for another site or meter"),
    ):
        with pytest.raises(Rejected, match=reason):
            submit(island, signed(Enrolment("house", request), subject))


def test_a_revoked_key_signs_nothing_more_and_what_is_older_stays(island: Island) -> None:
    late, *rest = (island.wind.certify(0, 1) for _ in range(3))
    first, second = island.wind.record(), island.wind.record()
    submit(island, first)
    with pytest.raises(Rejected, match="has signed up to certificate 3 and event 1"):
        submit(island, revoke("wind-1", 3, 2))
    with pytest.raises(Rejected, match="has signed up to certificate 3 and event 1"):
        submit(island, revoke("wind-1", 5, 1))
    submit(island, revoke("wind-1", 5, 2))
    for data in (*rest, second):
        with pytest.raises(Rejected, match="revoked or replaced"):
            submit(island, data)
    submit(island, late)
    assert island.ledger.state.chains["wind-1"].highest == 4
    with pytest.raises(Rejected, match="only a meter's present key"):
        submit(island, rotate(island.wind, 60, 7, 7))
    with pytest.raises(Rejected, match="ends there already"):
        submit(island, revoke("wind-1", 6, 3))
    with pytest.raises(Rejected, match="nobody is not enrolled"):
        submit(island, revoke("nobody", 5))


def test_a_rotated_key_goes_on_with_the_chain(island: Island) -> None:
    old, late = island.wind.signer, island.wind.certify(0, 1)
    record = island.wind.record()
    turn = rotate(island.wind, 60, 5, 2)
    early = cose.sign(island.wind.signer, SITE, "wind-1", cose.parse(late).type, cose.parse(late).payload)
    following = island.wind.certify(0, 2)
    with pytest.raises(Rejected, match="not enrolled for this meter"):
        submit(island, following)
    submit(island, turn)
    with pytest.raises(Rejected, match="does not sign certificate 4"):
        submit(island, early)
    submit(island, following, island.wind.record(), late, record)
    island.wind.signer = old
    with pytest.raises(Rejected, match="does not sign certificate 6"):
        submit(island, island.wind.certify(0, 1))
    with pytest.raises(Rejected, match="only a meter's present key"):
        submit(island, rotation.rotate(old, signer(61), SITE, "wind-1", 9, 9))
    state = island.ledger.state
    assert state.chains["wind-1"].contiguous == 5
    assert state.meters["wind-1"].kid == signer(60).kid
    assert state.keys[old.kid] == Key("wind-1", old.public, (1, 5), (1, 2))


def test_the_old_key_goes_on_until_the_new_one_has_begun(island: Island) -> None:
    old = island.wind.signer
    submit(island, rotate(island.wind, 60, 2))
    new, island.wind.signer = island.wind.signer, old
    # the meter has not heard of it yet, or the power was lost
    fourth, fifth, late = (island.wind.certify(0, 1) for _ in range(3))
    submit(island, fourth, fifth, island.wind.record())
    island.wind.signer = new
    seventh, eighth = island.wind.certify(0, 1), island.wind.certify(0, 1)
    submit(island, eighth, island.wind.record())
    submit(island, late, seventh)
    state = island.ledger.state
    assert state.chains["wind-1"].contiguous == 8
    assert state.keys[old.kid] == Key("wind-1", old.public, (1, 7), (1, 2))
    island.wind.signer = old
    with pytest.raises(Rejected, match="does not sign certificate 9"):
        submit(island, island.wind.certify(0, 1))
    with pytest.raises(Rejected, match="does not sign event 3"):
        submit(island, island.wind.record())


def test_all_keys_before_end_where_the_newest_begins(island: Island) -> None:
    first = island.wind.signer
    submit(island, rotate(island.wind, 60, 4))
    second = island.wind.signer
    submit(island, rotate(island.wind, 61, 4))
    submit(island, island.wind.certify(0, 1))
    keys = island.ledger.state.keys
    assert (keys[first.kid].certificates, keys[second.kid].certificates) == ((1, 4), (4, 4))
    for old in (first, second):
        island.wind.signer = old
        with pytest.raises(Rejected, match="does not sign certificate 5"):
            submit(island, VirtualMeter.certify(copy(island.wind), 0, 1))


def test_a_rotation_needs_both_keys(island: Island) -> None:
    new = signer(60)

    def handed_over(request: bytes, by: VirtualMeter = island.wind) -> bytes:
        body = cose.parse(rotation.rotate(by.signer, new, SITE, "wind-1", 4, 1)).payload
        changed = body.replace(enrolment.request(new, SITE, "wind-1"), request)
        return cose.sign(by.signer, SITE, by.meter, rotation.TYPE, changed)

    request = bytearray(enrolment.request(new, SITE, "wind-1"))
    request[-1] ^= 1
    for data, reason in (
        (handed_over(bytes(request)), "not signed by the key that it offers"),
        (handed_over(enrolment.request(new, SITE, "wind-2")), "for another site or meter"),
        (handed_over(enrolment.request(signer(12), SITE, "wind-1")), "the key is or was that of home-1"),
        (handed_over(enrolment.request(island.wind.signer, SITE, "wind-1")), "the key is or was that of wind-1"),
        (handed_over(enrolment.request(new, SITE, "wind-1"), island.home), "for another site or meter"),
        (rotation.rotate(new, new, SITE, "wind-1", 4, 1), "not enrolled for this meter"),
    ):
        with pytest.raises(Rejected, match=reason):
            submit(island, data)
    submit(island, handed_over(enrolment.request(new, SITE, "wind-1")))


def test_a_clone_under_the_old_key_is_still_convicted(island: Island) -> None:
    clone = VirtualMeter("wind-1", 11).certify(0, 7)
    fact = island.ledger.state.certificates["wind-1", 1]
    submit(island, rotate(island.wind, 60, 4))
    submit(island, signed(Alarm(receipt.CERTIFICATE, "wind-1", 1, fact.id, clone)))
    assert ("wind-1", receipt.CERTIFICATE, 1) in island.ledger.state.alarms


def taken_over(island: Island, **changes: object) -> tuple[VirtualMeter, bytes]:
    """home-1's meter shows 30 Wh more than it has certified when home-1b takes its place, 25 s later."""
    new = VirtualMeter("home-1b", 70, t0=T0 + 6 * INTERVAL)
    new.registers = (5, 0)
    shown = (island.home.registers[0] + 30, island.home.registers[1])
    entry = Exchange("home-1", new.request, 3, shown, new.registers, T0 + 3 * INTERVAL + 25)
    return new, signed(replace(entry, **changes), "home-1b")  # type: ignore[arg-type]


def test_another_meter_takes_over_account_registers_and_time(island: Island) -> None:
    new, entry = taken_over(island)
    balance = island.ledger.state.balance("home-1")
    submit(island, entry)
    state = island.ledger.state
    assert state.points["home-1"].meters == ("home-1", "home-1b")
    with pytest.raises(Rejected, match="does not sign certificate 4"):
        submit(island, island.home.certify(1, 0))
    for number in range(4, 8):
        island.submit(
            island.wind.certify(0, 0),
            island.other.certify(0, 0),
            island.feeder.certify(0, 0),
            *([new.certify(300, 0)] if number == 7 else []),
            now=T0 + number * INTERVAL,
        )
    measured = [dict(island.interval(T0 + place * INTERVAL).measured)["home-1"] for place in (3, 4, 5, 6)]
    # 30 Wh spread over 25 s, then nothing flowed until the new meter's first interval
    assert [energy.imported for energy in measured] == [12, 12, 6, 300]
    assert [energy.quality for energy in measured] == [SPREAD, SPREAD, SPREAD, 0]
    island.work(T0 + 7 * INTERVAL + DEADLINE)
    spent = balance - state.balance("home-1")
    assert spent > 0
    island.check()
    bill = list(lines(island.ledger.read(-1, 10_000), "home-1"))
    assert bill[-1].balance == state.balance("home-1")
    assert sum(line.wh or 0 for line in bill if line.text == "from the grid" and line.t0 == T0 + 6 * INTERVAL) == 300


def given_up(meter: VirtualMeter) -> bytes:
    """The event by which a meter gives up its next certificate."""
    first, t0, opening = meter.seq + 1, meter.t, meter.registers
    meter.certify(7, 0)
    gap = Gap(first, first, t0, meter.t, opening, meter.registers)
    return meter.record(event.GAP, details=gap.details())


def test_an_exchange_goes_on_behind_what_was_given_up(island: Island) -> None:
    submit(island, given_up(island.home))
    with pytest.raises(Rejected, match="certificate 3 is not the newest"):
        submit(island, taken_over(island)[1])
    submit(island, taken_over(island, last=4, time=T0 + 5 * INTERVAL)[1])
    covered = [island.ledger.state.coverage[T0 + place * INTERVAL, "home-1"] for place in (2, 3, 4)]
    assert [(part.seconds, part.imported) for part in covered] == [(10, 300), (10, 7), (10, 30)]


@pytest.mark.parametrize("ended", ["exchanged", "revoked"])
def test_what_ends_a_meter_ends_the_keys_that_it_had_before(island: Island, ended: str) -> None:
    late, handed_over = island.home.certify(7, 0), rotate(island.home, 97, 5)
    submit(island, handed_over)
    submit(island, taken_over(island)[1] if ended == "exchanged" else revoke("home-1", 4))
    with pytest.raises(Rejected, match="does not sign certificate 4"):
        submit(island, late)
    island.check()


def test_a_meter_that_was_taken_out_or_revoked_gives_up_nothing_more(island: Island) -> None:
    submit(island, taken_over(island)[1])
    with pytest.raises(Rejected, match="certificate 4 is not the meter's"):
        submit(island, given_up(island.home))
    submit(island, revoke("home-2", 4, 9))
    with pytest.raises(Rejected, match="certificate 4 is not the meter's"):
        submit(island, given_up(island.other))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"old": "home-9"}, "home-9 meters nothing"),
        ({"last": 2}, "certificate 2 is not the newest"),
        ({"last": 4}, "certificate 4 is not the newest"),
        ({"closing": (1000, 2000)}, "do not follow"),
        ({"time": T0 + 3 * INTERVAL - 1}, "do not follow"),
        ({"time": T0 + 3 * INTERVAL}, "do not follow"),
        ({"time": T0 + 20_000_000}, "more than 1000000 settlement intervals"),
        ({"request": enrolment.request(signer(70), SITE, "home-2")}, "for another site or meter"),
    ],
)
def test_an_exchange_that_does_not_join_is_refused(island: Island, change: dict[str, object], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        submit(island, taken_over(island, **change)[1])
    submit(island, taken_over(island)[1])
    with pytest.raises(Rejected, match="home-1 meters nothing"):
        submit(island, taken_over(island, closing=(9000, 9000))[1])


def test_the_new_meter_must_begin_where_the_exchange_says(island: Island) -> None:
    new, entry = taken_over(island)
    submit(island, entry)
    for change, reason in (
        ({"opening": (4, 0), "closing": (5, 0)}, "the exchange says"),
        ({"t0": T0 + 54}, "before the exchange"),
    ):
        with pytest.raises(Rejected, match=reason):
            submit(island, VirtualMeter.certify(copy_of(new), 1, 0, **change))
    submit(island, new.certify(1, 0))


def copy_of(meter: VirtualMeter) -> VirtualMeter:
    other = VirtualMeter(meter.meter, 70, meter.t)
    other.registers = meter.registers
    return other


def test_the_whole_history_is_verified_and_shown(island: Island, tmp_path: Path) -> None:
    _, entry = taken_over(island)
    entries = [revoke("home-2", 9), rotate(island.wind, 60, 4), entry]
    submit(island, *entries)
    island.ledger.close()
    verify(Archive(tmp_path / "ledger.sqlite"), CENTRE.public)
    bodies = [describe(data)["body"] for data in entries]
    assert [type(body) for body in bodies] == [dict] * 3


@pytest.mark.parametrize(
    ("decode", "good", "bad"),
    [
        (
            Revocation.decode,
            Revocation("home-1", 1, 1, "lost"),
            {"meter": "@grid", "certificate": 0, "event": NEVER, "reason": ""},
        ),
        (
            Exchange.decode,
            Exchange("home-1", b"", 1, (0, 0), (0, 0), T0),
            {"old": "Home", "last": 0, "closing": (-1, 0), "opening": (0, 1 << 49), "time": 5},
        ),
    ],
)
def test_bodies_are_taken_in_one_form_only(
    decode: Callable[[bytes], object], good: Revocation | Exchange, bad: dict[str, object]
) -> None:
    assert decode(good.encode()) == good
    for name, value in bad.items():
        with pytest.raises(WireError):
            decode(replace(good, **{name: value}).encode())  # type: ignore[arg-type]
    with pytest.raises(WireError):
        decode(good.encode() + b"\x00")
