"""Batches that are on the disk and not yet final: a shadow centre that is cut off goes on metering, and delivers later."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from firmware.wire import cose

from ..ledger_file import judged
from . import transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, at INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS entries (
    id BLOB PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS of_batch ON entries (batch);
"""


class Outbox:
    """One SQLite file. Any thread may call; every call raises Unavailable or Corrupt as the file deserves it."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        self._path = path
        self._lock = threading.Lock()
        with self._locked():
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.executescript(_SCHEMA)

    def put(self, statements: Sequence[cose.Statement], at: int) -> None:
        """Keep a batch, none of which waits, as one transaction until it is removed: it is on the disk when this returns."""
        data = transaction.encode([statement.data for statement in statements])
        with self._transaction():
            row = (sha256(data).digest(), at, data)
            batch = self._db.execute("INSERT INTO batches (digest, at, data) VALUES (?, ?, ?)", row).lastrowid
            self._db.executemany("INSERT INTO entries VALUES (?, ?)", [(statement.id, batch) for statement in statements])

    def holds(self, ids: Iterable[bytes]) -> set[bytes]:
        """Those of ``ids`` that wait."""
        query = "SELECT 1 FROM entries WHERE id = ?"
        with self._locked():
            return {id for id in ids if self._db.execute(query, (id,)).fetchone()}

    def first(self, count: int) -> list[bytes]:
        """SHA-256 of the ``count`` transactions that wait longest, in the order in which they came."""
        with self._locked():
            return [digest for (digest,) in self._db.execute("SELECT digest FROM batches ORDER BY number LIMIT ?", (count,))]

    def data(self, digest: bytes) -> bytes | None:
        """The transaction with this SHA-256, if it waits."""
        with self._locked():
            row = self._db.execute("SELECT data FROM batches WHERE digest = ?", (digest,)).fetchone()
        return row[0] if row else None

    def oldest(self) -> tuple[int, bytes] | None:
        """Unix seconds at which the batch that waits longest came, and the id of an entry of it; None if none waits."""
        query = "SELECT at, id FROM batches JOIN entries ON batch = number ORDER BY number LIMIT 1"
        with self._locked():
            row: tuple[int, bytes] | None = self._db.execute(query).fetchone()
        return row

    def remove(self, digests: Iterable[bytes]) -> None:
        """These are final, or never will be."""
        with self._transaction():
            self._db.executemany("DELETE FROM batches WHERE digest = ?", [(digest,) for digest in digests])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise judged(error, self._path) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._locked():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.rollback()
                raise
