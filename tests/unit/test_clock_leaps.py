"""A gateway whose clock leaps: short, seeded cuts of `tools.robust.clocks`, and what each part does when time runs back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.wire import command
from gateway.adapters.numbers import Numbers
from gateway.core.authority import Authority
from gateway.core.commands import CommandDesk
from gateway.core.gaps import Gaps
from gateway.monitoring.vitals import Vitals
from tests.centre_bench import NOW, TwoMeters
from tests.virtual_meter import CENTRE, SITE
from tools.robust.clocks import Island

YEAR = 365 * 86_400


@pytest.mark.parametrize("seed", [2, 7])
def test_nothing_is_lost_nothing_settles_twice_and_no_year_is_settled_that_nobody_has_metered(
    tmp_path: Path, seed: int
) -> None:
    island = Island(tmp_path, seed)
    island.run(150)
    assert island.leaps > 2
    assert island.check() < 2 * 350


def test_a_gap_is_asked_for_again_after_the_clock_was_set_back() -> None:
    gaps, missing = Gaps(), ((2, 2),)
    assert gaps.ask("wind-1", missing, NOW + YEAR) is None
    assert gaps.ask("wind-1", missing, NOW + YEAR + 5) == (2, 2)
    assert gaps.ask("wind-1", missing, NOW) == (2, 2)
    assert gaps.ask("wind-1", missing, NOW + 1) is None


def test_a_command_is_sent_again_after_the_clock_was_set_back(tmp_path: Path) -> None:
    bench = TwoMeters(tmp_path / "ledger.sqlite")
    data = bench.centre.command("wind-1", command.LOG, None, NOW, NOW + YEAR + 60)
    bench.centre.send_command("order", data, NOW)
    for now, sent in ((NOW + YEAR, 1), (NOW + YEAR + 1, 0), (NOW, 1), (NOW + 1, 0), (NOW + 10, 1)):
        assert len(list(bench.centre.dispatch.due(now))) == sent


def test_commands_are_no_replays_after_a_clock_that_was_ahead(tmp_path: Path) -> None:
    before, path = CommandDesk(CENTRE, SITE), tmp_path / "number"
    kept = Numbers(path)
    number = 0
    for at in (NOW, NOW + YEAR, NOW):
        number = command.parse(before.issue("wind-1", command.LOG, None, at, at + YEAR), SITE, "wind-1").number
        kept.keep(before.newest)
    after = CommandDesk(CENTRE, SITE)
    after.newest = Numbers(path).spent()
    assert command.parse(after.issue("wind-1", command.LOG, None, NOW, NOW + 60), SITE, "wind-1").number > number


def test_the_number_is_written_once_an_hour(tmp_path: Path) -> None:
    kept, path = Numbers(tmp_path / "number"), tmp_path / "number"
    written = set()
    for second in range(0, 7200, 10):
        kept.keep((NOW + second) * 1_000_000)
        written.add(path.stat().st_mtime_ns)
    assert len(written) <= 5


def test_a_certificate_for_the_door_is_good_for_a_broker_whose_clock_is_not_set() -> None:
    authority = Authority.new(SITE, datetime.now(UTC))
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert authority.client("wind-1", key, datetime.now(UTC)).not_valid_before_utc == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("error", "doubted"), [(0.02, False), (None, True), (float("inf"), True)])
def test_a_clock_that_has_leapt_is_doubted_unless_something_keeps_it_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: float | None, doubted: bool
) -> None:
    monkeypatch.setattr("gateway.monitoring.vitals.machine.clock_error_s", lambda: error)
    wall = [float(NOW)]
    monkeypatch.setattr("gateway.monitoring.vitals.time.time", lambda: wall[0])
    signs = Vitals(tmp_path)
    for leap, expected in ((3600.0, False), (YEAR, doubted), (-YEAR, False)):
        wall[0] += leap
        signs.beat()
        assert signs.has_leapt is expected
