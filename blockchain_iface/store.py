"""A ledger's SQLite file: entries, blocks, tree, state. Who writes is a Log; an Archive reads the same tables."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from firmware.wire.cose import Statement

from .block import StoredBlock
from .ledger import Entry
from .ledger_file import APPLICATION_ID, VERSION, LedgerFile, judged
from .migrations import migrate
from .state import stored
from .state.backing import Sealed
from .state.stored import StoredState

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
_AT_ONCE = 500


class Store(LedgerFile):
    """A log.Storage on one file (WAL, synchronous=FULL). Every call raises Unavailable or Corrupt as the file deserves it."""

    def __init__(self, path: Path) -> None:
        """Open the file at ``path``, or create it; one of an older version is migrated."""
        migrate(path)
        try:
            super().__init__(sqlite3.connect(path, isolation_level=None, check_same_thread=False), path)
        except sqlite3.Error as error:
            raise judged(error, path) from error
        self.state = StoredState(self.run)
        with self.judged():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            # random ids change a page of the index each: 16 MB of log before they are carried over save a sixth of the writing
            self._db.execute("PRAGMA wal_autocheckpoint = 4000")
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                self._db.executescript(_SCHEMA)
        self.check_version()

    def write(
        self, block: StoredBlock, statements: Sequence[Statement], tiles: Mapping[int, bytes | bytearray], sealed: Sealed
    ) -> None:
        """See log.Storage.write: one transaction."""
        first, height = block.size - len(statements), block.height
        rows = [(index, one.id, height, one.data) for index, one in enumerate(statements, first)]
        with self.judged(), self._transaction():
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

    def known(self, ids: Sequence[bytes]) -> dict[bytes, Entry]:
        """See log.Storage.known."""
        found: dict[bytes, Entry] = {}
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            marks = ",".join("?" * len(some))
            found.update((entry.id, entry) for entry in self._entries(f"WHERE id IN ({marks})", some))
        return found


def copy(path: Path, target: Path) -> None:
    """Copy the ledger file at ``path``, as it is at one moment, to a new file at ``target``, while others write to it.

    Unavailable or Corrupt. What is at ``target`` is whole, or there is nothing.
    """
    new = target.with_name(f".{target.name}.new")
    new.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source:
            LedgerFile(source, path).check_version()
            with closing(sqlite3.connect(new)) as copied:
                source.backup(copied)
                copied.execute("PRAGMA journal_mode = DELETE")  # one file, until a Store opens it
    except sqlite3.Error as error:
        raise judged(error, path) from error
    new.replace(target)
