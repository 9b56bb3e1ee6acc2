"""A short cut of the campaign of kills: `make bench-gateway` kills two hundred times."""

from pathlib import Path

from tools.robust.kills import besiege


def test_nothing_receipted_is_lost_and_nothing_settles_twice(tmp_path: Path) -> None:
    figures = dict(line.split()[:2] for line in besiege(tmp_path, kills=4, seed=3))
    assert int(figures["kills_receipts"]) > 100
    assert int(figures["kills_settlements"]) > 0
