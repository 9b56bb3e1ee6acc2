"""The gateway and its broker under a clock that leaps: two of the leaps of `make bench-gateway`."""

from pathlib import Path

from tools.robust.leaps import LEAPS, through_the_years


def test_nothing_is_lost_and_the_door_opens_in_any_year(tmp_path: Path) -> None:
    figures = dict(
        line.split()[:2]
        for line in through_the_years(tmp_path, {name: LEAPS[name] for name in ("years_ahead", "years_behind")})
    )
    assert int(figures["clock_receipts"]) > 20
