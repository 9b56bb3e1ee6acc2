"""A ledger's SQLite file: entries, blocks, tree, state. Who writes is a Log; an Archive reads the same tables."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from firmware.wire.cose import Statement

from .block import StoredBlock
from .ledger import Corrupt, Entry, Unavailable
from .state import stored
from .state.backing import Sealed
from .state.stored import StoredState

APPLICATION_ID = 0x736B7279  # "skry"
VERSION = 2
_SCHEMA = f"""
BEGIN;
CREATE TABLE entries (idx INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, height INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE tiles (key INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE blocks (height INTEGER PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL, head_signature BLOB NOT NULL);
{stored.SCHEMA}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
COMMIT;
"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REMEDIES = {
    sqlite3.SQLITE_FULL: "the disk is full: make room; nothing else is needed",
    sqlite3.SQLITE_READONLY: "it may only be read: give this user the right to write to it and to its folder",
    sqlite3.SQLITE_CANTOPEN: "see whether it and its folder exist and belong to this user",
    sqlite3.SQLITE_IOERR: "its disk fails: see the system's log, and copy the file while that still works",
    sqlite3.SQLITE_BUSY: "another process is writing to it: end one of the two",
}
_AT_ONCE = 500


class Store:
    """A log.Storage on one file (WAL, synchronous=FULL). Every call raises Unavailable or Corrupt as the file deserves it."""

    def __init__(self, path: Path) -> None:
        """Open the file at ``path``, or create it."""
        self._path = path
        self.state = StoredState(self._read)
        with self._judged():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            # random ids change a page of the index each: 16 MB of log before they are carried over save a sixth of the writing
            self._db.execute("PRAGMA wal_autocheckpoint = 4000")
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                self._db.executescript(_SCHEMA)
            check_version(self._db, path)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def write(
        self, block: StoredBlock, statements: Sequence[Statement], tiles: Mapping[int, bytes | bytearray], sealed: Sealed
    ) -> None:
        """See log.Storage.write: one transaction."""
        first, height = block.size - len(statements), block.height
        rows = [(index, one.id, height, one.data) for index, one in enumerate(statements, first)]
        with self._judged(), self._transaction():
            self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
            self._db.executemany("REPLACE INTO tiles VALUES (?, ?)", tiles.items())
            stored.write(self._db, sealed)
            self._db.execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?)", (block.height, block.size, block.data, block.head_signature)
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.rollback()
            raise

    def known(self, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """See log.Storage.known."""
        found: dict[bytes, bytes] = {}
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            marks = ",".join("?" * len(some))
            with self._judged():
                found.update(self._db.execute(f"SELECT id, data FROM entries WHERE id IN ({marks})", some))  # noqa: S608
        return found

    def entry(self, id: bytes) -> Entry | None:
        """See log.Storage.entry."""
        with self._judged():
            row = self._db.execute("SELECT idx, id, data, height FROM entries WHERE id = ?", (id,)).fetchone()
        return Entry(*row) if row else None

    def entries(self, after: int, limit: int) -> list[Entry]:
        """See log.Storage.entries."""
        query = "SELECT idx, id, data, height FROM entries WHERE idx > ? ORDER BY idx LIMIT ?"
        with self._judged():
            return [Entry(*row) for row in self._db.execute(query, (after, limit))]

    def block(self, height: int) -> StoredBlock | None:
        """See log.Storage.block."""
        with self._judged():
            row = self._db.execute(
                "SELECT height, size, data, head_signature FROM blocks WHERE height = ?", (height,)
            ).fetchone()
        return StoredBlock(*row) if row else None

    def newest(self, count: int) -> list[StoredBlock]:
        """See log.Storage.newest."""
        query = "SELECT height, size, data, head_signature FROM blocks ORDER BY height DESC LIMIT ?"
        with self._judged():
            return [StoredBlock(*row) for row in self._db.execute(query, (count,))]

    def tile(self, key: int) -> bytes | None:
        """See log.Storage.tile."""
        with self._judged():
            row = self._db.execute("SELECT hashes FROM tiles WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _read(self, query: str, values: tuple[int | bytes, ...]) -> list[Any]:
        with self._judged():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _judged(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise judged(error, self._path) from error


def judged(error: sqlite3.Error, path: Path) -> Corrupt | Unavailable:
    """What an error of SQLite says about the file at ``path``, and what to do about it."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGED:
        return Corrupt(f"{path} is damaged ({error}): stop, keep a copy of it, and see what `skerry ledger verify` says")
    remedy = _REMEDIES.get(code)
    return Unavailable(f"{path} cannot be used at the moment: {error}{'; ' if remedy else ''}{remedy or ''}")


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """Corrupt unless the file is a ledger of this version."""
    application, version = (db.execute(f"PRAGMA {mark}").fetchone()[0] for mark in ("application_id", "user_version"))
    if application != APPLICATION_ID:
        raise Corrupt(f"{path} is no skerry ledger")
    if version != VERSION:
        raise Corrupt(
            f"{path} is a skerry ledger of version {version}, this program keeps version {VERSION}: "
            "use the release that wrote it, or begin a new file"
        )
