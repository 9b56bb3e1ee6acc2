"""A ledger's SQLite file as whoever has it open reads it: its tables, its version, and what its errors say to do."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .block import StoredBlock
from .ledger import Corrupt, Entry, Unavailable

APPLICATION_ID = 0x736B7279  # "skry"
VERSION = 3
# a constraint: a key or an entry is there that, by all else in the file, is not
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT)
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full: make room; nothing else is needed",
    sqlite3.SQLITE_READONLY: "it may only be read: give this user the right to write to it and to its folder",
    sqlite3.SQLITE_CANTOPEN: "see whether it and its folder exist and belong to this user",
    sqlite3.SQLITE_IOERR: "its disk fails: see the system's log, and copy the file while that still works",
    sqlite3.SQLITE_BUSY: "another process is writing to it: end one of the two",
}
_ENTRY = "SELECT idx, id, data, height FROM entries"
_BLOCK = "SELECT height, size, data, head_signature FROM blocks"


class LedgerFile:
    """Reads through a connection that is open. Every call raises Unavailable or Corrupt as the file deserves it."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def check_version(self) -> None:
        """Corrupt unless the file is a ledger of this version."""
        ((application,),), ((version,),) = self.run("PRAGMA application_id"), self.run("PRAGMA user_version")
        if application != APPLICATION_ID:
            raise Corrupt(f"{self._path} is no skerry ledger, or was copied without its -wal")
        if version != VERSION:
            remedy = (
                "a newer release wrote it: use that one" if version > VERSION else "start its gateway once, which migrates it"
            )
            raise Corrupt(
                f"{self._path} is a skerry ledger of version {version}, this program keeps version {VERSION}: {remedy}"
            )

    def check_pages(self) -> None:
        """Corrupt if SQLite finds a page or an index of the file damaged, also where nothing else looks."""
        findings = self.run("PRAGMA integrity_check(1)")
        if findings != [("ok",)]:
            raise Corrupt(f"{self._path} is damaged: {' '.join(findings[0][0].split())}")

    def count(self) -> int:
        """How many entries there are."""
        return int(self.run("SELECT count(*) FROM entries")[0][0])

    def entry(self, id: bytes) -> Entry | None:
        """The entry with this id."""
        return next(self._entries("WHERE id = ?", (id,)), None)

    def entries(self, after: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries with an index greater than ``after``, in order."""
        return list(self._entries("WHERE idx > ? ORDER BY idx LIMIT ?", (after, limit)))

    def beginning(self, digits: str) -> list[Entry]:
        """Two entries at most whose id begins with these hex digits."""
        return list(self._entries("WHERE hex(id) LIKE ? LIMIT 2", (f"{digits}%",)))

    def mentioning(self, words: Sequence[bytes], after: int) -> Entry | None:
        """The first entry behind index ``after`` in whose bytes all ``words`` occur."""
        where = "WHERE idx > ?" + " AND instr(data, ?)" * len(words) + " ORDER BY idx LIMIT 1"
        return next(self._entries(where, (after, *words)), None)

    def block(self, height: int) -> StoredBlock | None:
        """The block at ``height``."""
        return next(self._blocks("WHERE height = ?", (height,)), None)

    def blocks(self, after: int, limit: int) -> list[StoredBlock]:
        """Up to ``limit`` blocks with a height greater than ``after``, in order."""
        return list(self._blocks("WHERE height > ? ORDER BY height LIMIT ?", (after, limit)))

    def newest(self, count: int) -> list[StoredBlock]:
        """The newest ``count`` blocks, newest first."""
        return list(self._blocks("ORDER BY height DESC LIMIT ?", (count,)))

    def tile(self, key: int) -> bytes | None:
        """A tile of the tree (tiles.Tiles)."""
        rows = self.run("SELECT hashes FROM tiles WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def run(self, query: str, values: Sequence[int | str | bytes] = ()) -> list[Any]:
        """Run a statement of SQL; its rows."""
        with self.judged():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def judged(self) -> Iterator[None]:
        """SQLite's errors within as Unavailable or Corrupt."""
        try:
            yield
        except sqlite3.Error as error:
            raise judged(error, self._path) from error

    def _entries(self, which: str, values: Sequence[int | str | bytes]) -> Iterator[Entry]:
        return (Entry(*row) for row in self.run(f"{_ENTRY} {which}", values))

    def _blocks(self, which: str, values: Sequence[int | str | bytes]) -> Iterator[StoredBlock]:
        return (StoredBlock(*row) for row in self.run(f"{_BLOCK} {which}", values))


def judged(error: sqlite3.Error, path: Path) -> Corrupt | Unavailable:
    """What an error of SQLite says about the file at ``path``, and what to do about it."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGED:
        return Corrupt(f"{path} is damaged ({error}): stop, keep a copy of it, and see what `skerry ledger verify` says")
    remedy = _REMEDIES.get(code)
    return Unavailable(f"{path} cannot be used at the moment: {error}{'; ' if remedy else ''}{remedy or ''}")
