"""An older ledger file becomes one of this version, whole, or stays as it was; what cannot be is said in a sentence."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt
from blockchain_iface.ledger_file import VERSION
from blockchain_iface.migrations import kept, migrate
from blockchain_iface.verify import verify
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrolment_of, genesis

OLDER = VERSION - 1


def run(path: Path, *statements: str) -> object:
    """The first value that the last statement gives."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        rows = [db.execute(statement).fetchone() for statement in statements]
    return rows[-1] and rows[-1][0]


def version(path: Path) -> object:
    return run(path, "PRAGMA user_version")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger as a release before this one might have left it: the tree in a table of another name."""
    path, meter = tmp_path / "ledger.sqlite", VirtualMeter("home-1", 7)
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    ledger.submit([genesis(), enrolment_of(meter)], T0)
    ledger.submit([meter.certify(1, 0) for _ in range(70)], T0)
    ledger.close()
    run(path, "ALTER TABLE tiles RENAME TO nodes", f"PRAGMA user_version = {OLDER}")
    return path


def rename(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE nodes RENAME TO tiles")


def test_an_older_file_is_brought_up_and_what_it_was_is_kept(path: Path) -> None:
    migrate(path, {OLDER: rename})
    assert (version(path), version(kept(path, OLDER))) == (VERSION, OLDER)
    assert run(kept(path, OLDER), "SELECT count(*) FROM nodes")
    assert verify(Archive(path)).entries == 72
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    ledger.submit([genesis()], T0)
    ledger.close()


def test_versions_are_walked_through_one_by_one(path: Path) -> None:
    walked = []

    def step(number: int) -> Callable[[sqlite3.Connection], None]:
        return lambda _: walked.append(number)

    migrate(path, {OLDER: step(1), VERSION: step(2)}, VERSION + 1)
    assert (walked, version(path)) == ([1, 2], VERSION + 1)


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    def fail(db: sqlite3.Connection) -> None:
        rename(db)
        db.execute("DELETE FROM entries")
        raise Corrupt("this one cannot be")

    with pytest.raises(Corrupt, match="this one cannot be"):
        migrate(path, {OLDER: fail})
    assert version(path) == OLDER
    migrate(path, {OLDER: rename})
    assert verify(Archive(path)).entries == 72


@pytest.mark.parametrize("steps", [{}, {OLDER: "for a reason"}], ids=["nobody knows how", "it cannot be"])
def test_without_a_way_it_is_refused_and_untouched(path: Path, steps: dict[int, str]) -> None:
    before = path.read_bytes()
    with pytest.raises(Corrupt, match=f"of version {OLDER} and cannot become one of version {VERSION}: (nobody|for a)"):
        migrate(path, steps)
    assert path.read_bytes() == before
    assert not kept(path, OLDER).exists()


def test_the_ledger_itself_goes_this_way(path: Path) -> None:
    run(path, "PRAGMA user_version = 1")
    with pytest.raises(Corrupt, match="before the first release, and its blocks do not sign the state"):
        EmbeddedLedger(path, CENTRE, SITE)
    with pytest.raises(Corrupt, match="start its gateway once, which migrates it"):
        Archive(path)
    run(path, f"PRAGMA user_version = {VERSION + 1}")
    for reader in (lambda: EmbeddedLedger(path, CENTRE, SITE), lambda: Archive(path)):
        with pytest.raises(Corrupt, match="a newer release wrote it: use that one"):
            reader()
