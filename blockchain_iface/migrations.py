"""Bringing an older ledger file to this program's version when it is opened for writing: all of it, or nothing."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import structlog

from .ledger import Corrupt
from .ledger_file import APPLICATION_ID, VERSION, judged

_log = structlog.get_logger()
Step = Callable[[sqlite3.Connection], None]
"""Makes version N + 1 out of N, within a transaction (so no executescript); raises Corrupt if it cannot."""
STEPS: Mapping[int, Step | str] = {
    1: "it is of before the first release, and its blocks do not sign the state",
    2: "it is of before the first release, and its keys do not say which they replace",
}
"""What to do with version N, each step in a file of its own; or the reason why nothing can be done."""


def kept(path: Path, version: int) -> Path:
    """Where the file as it was before its migration from ``version`` is kept."""
    return path.with_name(f"{path.name}.version-{version}")


def migrate(path: Path, steps: Mapping[int, Step | str] = STEPS, to: int = VERSION) -> None:
    """Bring the file at ``path`` to version ``to``, if it is an older ledger, and keep what it was beside it.

    Raises:
        Corrupt: no way leads from its version to this one; it is as it was.
        Unavailable: it cannot be written now.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            ((application,), (version,)) = (
                db.execute(f"PRAGMA {mark}").fetchone() for mark in ("application_id", "user_version")
            )
            if application != APPLICATION_ID or version >= to:
                return
            way = _way(path, version, to, steps)
            _keep(db, kept(path, version))
            _walk(db, way, to)
    except sqlite3.Error as error:
        raise judged(error, path) from error
    _log.info("the ledger file is of a newer version now", file=str(path), before=version, version=to)


def _way(path: Path, version: int, to: int, steps: Mapping[int, Step | str]) -> list[Step]:
    way = []
    for number in range(version, to):
        step = steps.get(number, "nobody has said how")
        if isinstance(step, str):
            raise Corrupt(
                f"{path} is a skerry ledger of version {version} and cannot become one of version {to}: {step}. "
                "Use the release that wrote it, or begin a new file"
            )
        way.append(step)
    return way


def _keep(db: sqlite3.Connection, target: Path) -> None:
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    with closing(sqlite3.connect(new)) as copied:
        db.backup(copied)
    new.replace(target)


def _walk(db: sqlite3.Connection, way: list[Step], to: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in way:
            step(db)
        db.execute(f"PRAGMA user_version = {to}")
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise
