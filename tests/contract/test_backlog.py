"""A short cut of the backlog campaign: `make bench-gateway` has 200 meters pay off a week."""

from pathlib import Path

from tools.robust.backlog import LIMIT_MS, measure


def test_what_is_new_does_not_wait_for_what_is_owed(tmp_path: Path) -> None:
    figures = {line.split()[0]: float(line.split()[1]) for line in measure(tmp_path, meters=20, owed=60)}
    assert figures["backlog_live"] >= 20
    assert figures["backlog_live_p99"] < LIMIT_MS
