"""What statements tell of a key over time: one nonce used twice, a clock that drifts, a meter that keeps starting."""

from dataclasses import asdict
from pathlib import Path

import pytest

from blockchain_iface.state.entries import Leak
from firmware.wire import cose
from gateway.core.hygiene import BOOTS_LIMIT, NONCES, Figures, Hygiene, Sign
from tests.centre_bench import NOW, TwoMeters
from tests.virtual_meter import INTERVAL, T0, CarelessSigner

DAY, HOUR = 86_400, 3600


@pytest.fixture
def bench(tmp_path: Path) -> TwoMeters:
    return TwoMeters(tmp_path / "ledger.sqlite")


def statement(r: int, id: int, kid: int = 1) -> cose.Statement:
    signature = r.to_bytes(8, "big") * 4 + bytes(32)
    return cose.Statement(b"", kid.to_bytes(8, "big"), ("isle", "wind-1", "any"), b"", signature, id.to_bytes(32, "big"))


def of(hygiene: Hygiene, now: int) -> Figures:
    return hygiene.figures((1).to_bytes(8, "big"), now)


def test_one_nonce_twice_is_found_as_long_as_it_is_remembered_and_for_one_key_alone() -> None:
    hygiene = Hygiene()

    def take(r: int, id: int, kid: int = 1) -> bytes | None:
        return hygiene.take(statement(r, id, kid), Sign(1), T0)

    assert take(7, 1) is None
    assert take(7, 1) is None
    assert take(7, 2, kid=2) is None
    assert take(7, 2) == (1).to_bytes(32, "big")
    # one that begins inside another is no repetition
    assert take(0x0102030405060708, 3) is None
    assert take(0x0000000701020304, 4) is None
    for number in range(100, 100 + NONCES - 4):
        assert take(number, number) is None
    assert take(7, 5) == (1).to_bytes(32, "big")
    assert take(500, 500) is None
    assert take(501, 501) is None
    assert take(7, 6) is None
    assert take(501, 7) == (501).to_bytes(32, "big")


@pytest.mark.parametrize(
    ("drift_ppm", "days", "offset", "warned"),
    [(0, 8, 2, False), (80, 3, 20, False), (150, 2, 26, True), (-150, 2, -25, True), (50, 8, 33, True)],
)
def test_a_clock_is_judged_by_the_statements_that_came_soonest(drift_ppm: int, days: int, offset: int, warned: bool) -> None:
    hygiene, begun = Hygiene(), T0
    for second in range(0, days * DAY, 900):
        made = begun + second
        slow = round(second * drift_ppm / 1e6)
        # two of three were kept for an hour, none takes less than two seconds
        hygiene.take(statement(second, second), Sign(1, made - slow), made + 2 + (3600 if second % 2700 else 0))
        if second == 20 * HOUR:
            assert of(hygiene, begun + second).clock_drift_ppm is None
    figures = of(hygiene, begun + days * DAY)
    assert figures.clock_offset_s is not None
    assert abs(figures.clock_offset_s - offset) <= 4
    assert figures.clock_drift_ppm is not None
    assert abs(figures.clock_drift_ppm - drift_ppm) <= 24
    assert bool(figures.warnings) == warned


def test_old_debt_says_nothing_of_the_clock_before_something_new_has_come() -> None:
    hygiene = Hygiene()
    for second in range(0, 600, 60):
        hygiene.take(statement(second, second), Sign(1, T0 - 30 * DAY + second), T0 + second)
    assert of(hygiene, T0 + 600) == Figures(boots_per_day=0)
    hygiene.take(statement(900, 900), Sign(1, T0 + 899), T0 + 900)
    assert of(hygiene, T0 + HOUR).clock_offset_s == 1


def test_starts_are_counted_over_a_day_and_what_comes_late_is_of_boots_that_are_known() -> None:
    hygiene = Hygiene()
    for hour in range(72):
        hygiene.take(statement(hour, hour), Sign(10 + hour // 2), T0 + hour * HOUR)
        hygiene.take(statement(100 + hour, hour), Sign(4), T0 + hour * HOUR)
    assert of(hygiene, T0 + 71 * HOUR).boots_per_day == 12
    assert of(hygiene, T0 + 71 * HOUR).warnings == ()
    assert of(hygiene, T0 + 171 * HOUR).boots_per_day == 0
    for minute in range(200):
        hygiene.take(statement(200 + minute, minute), Sign(100 + minute), T0 + 72 * HOUR + 60 * minute)
    figures = of(hygiene, T0 + 76 * HOUR)
    # no more than the newest starts are remembered, and they are too many already
    assert figures.boots_per_day is not None
    assert BOOTS_LIMIT < figures.boots_per_day <= 200
    assert "starts more than 24 times a day" in figures.warnings[0]


def test_a_key_that_leaks_is_on_record_in_quarantine_and_in_the_picture(bench: TwoMeters) -> None:
    bench.house.signer = CarelessSigner(12)
    first, second = bench.house.certify(1, 0), bench.house.certify(2, 0)
    assert len(bench.send(bench.house, first)) == 1
    (answer,) = bench.send(bench.house, second)
    assert answer.topic.endswith("down/receipt")
    (leak,) = bench.entries(Leak.TYPE)
    assert Leak.decode(leak.payload) == Leak(first, second)
    bench.send(bench.house, bench.house.certify(3, 0))
    assert len(bench.entries(Leak.TYPE)) == 1
    house, wind = bench.centre.view(NOW, {}, "").meters
    assert house.quarantined
    assert "in quarantine" in house.warnings[0]
    assert not wind.warnings


def test_a_restart_remembers_what_the_ledger_does(bench: TwoMeters) -> None:
    bench.house.signer = CarelessSigner(12)
    first = bench.house.certify(1, 0)
    bench.send(bench.house, first, now=NOW)
    bench.send(bench.wind, bench.wind.certify(0, 1), now=NOW)
    bench.send(bench.wind, bench.wind.record(boot=4), kind="event", now=NOW + HOUR)
    before = bench.centre.view(NOW + HOUR, {}, "").meters
    bench.ledger.close()
    bench.open()
    after = bench.centre.view(NOW + HOUR, {}, "").meters
    assert [asdict(meter.hygiene) for meter in after] == [asdict(meter.hygiene) for meter in before]
    assert after[1].hygiene == Figures(clock_offset_s=NOW - T0 - INTERVAL, boots_per_day=3)
    second = bench.house.certify(2, 0)
    bench.send(bench.house, second)
    assert [Leak.decode(leak.payload) for leak in bench.entries(Leak.TYPE)] == [Leak(first, second)]


def test_two_rs_that_only_begin_alike_are_no_leak(bench: TwoMeters, monkeypatch: pytest.MonkeyPatch) -> None:
    first = bench.house.certify(1, 0)
    bench.send(bench.house, first)
    known = cose.parse(first).id
    monkeypatch.setattr(Hygiene, "take", lambda *_: known)
    assert len(bench.send(bench.house, bench.house.certify(2, 0))) == 1
    assert not bench.entries(Leak.TYPE)
