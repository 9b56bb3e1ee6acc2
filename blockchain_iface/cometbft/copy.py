"""The ledger as one validator holds it: log, state, and the height of the consensus that they belong to, in one file.

A block is written when it is decided and committed when CometBFT says so; block, state and height hold together or not at all.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from firmware.wire import cose
from firmware.wire.signer import Signer

from ..ledger import Corrupt
from ..log import Log
from ..merkle import EMPTY_ROOT
from ..state.backing import Sealed
from ..store import Store

_SCHEMA = """
CREATE TABLE IF NOT EXISTS consensus (
    block INTEGER PRIMARY KEY, first INTEGER NOT NULL, newest INTEGER NOT NULL, app_hash BLOB NOT NULL
);
"""
_REACH = """
INSERT INTO consensus VALUES (?1, ?2, ?2, ?3) ON CONFLICT (block) DO UPDATE SET newest = excluded.newest
"""
_PASTS = """
SELECT first, size, app_hash FROM consensus JOIN blocks ON height = block WHERE first + 2 <= ? ORDER BY block DESC LIMIT ?
"""
_TABLES = ("consensus", "blocks", "entries", "tiles", "state", "state_nodes", "past_state", "past_nodes")


def app_hash(log_root: bytes, state_root: bytes) -> bytes:
    """What the validators agree on: 32 bytes."""
    return sha256(log_root + state_root).digest()


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier moment of the ledger: a height of the consensus, the log's size then, and the hash agreed on."""

    height: int
    size: int
    app_hash: bytes


class CopyStore(Store):
    """A store with the consensus' heights in it: ``block`` is the ledger's, ``first`` to ``newest`` the consensus'."""

    def __init__(self, path: Path) -> None:
        """See Store."""
        super().__init__(path)
        with self.judged():
            self._db.execute(_SCHEMA)

    @property
    def is_open(self) -> bool:
        """Whether ``begin`` was called, and neither ``commit`` nor ``rollback`` since."""
        return self._db.in_transaction

    def begin(self) -> None:
        """What is written from here on holds together, until ``commit``."""
        self.run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make what is written durable."""
        self.run("COMMIT")

    def rollback(self) -> None:
        """Forget what is written, if anything is."""
        if self.is_open:
            self.run("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """What ``begin`` opened, or one by itself."""
        if self.is_open:
            yield
        else:
            with super()._transaction():
                yield

    def renew(self) -> None:
        """From now on read what is committed at this moment, and nothing later, until the next call."""
        self.rollback()
        self.run("BEGIN")
        self.run("SELECT 1 FROM blocks LIMIT 1")


class Copy:
    """The one that writes. All calls come from one thread."""

    def __init__(self, path: Path, signer: Signer, site: str) -> None:
        """Open or create the file; a restoration that was interrupted is undone. Corrupt or Unavailable."""
        self._store = CopyStore(path)
        self._signer = signer
        self._site = site
        self.backing = self._store.state
        self.height = 0
        self.app_hash = app_hash(EMPTY_ROOT, EMPTY_ROOT)
        self._load()
        if self.height == 0 and self._log.head() is not None:
            self.clear()

    def _load(self) -> None:
        self._log = Log(self._store, self._signer, self._site)
        rows = self._store.run("SELECT newest, app_hash FROM consensus ORDER BY block DESC LIMIT 1")
        self.height, self.app_hash = rows[0] if rows else (0, app_hash(EMPTY_ROOT, EMPTY_ROOT))
        self._written = self.height, self.app_hash

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @property
    def next_block(self) -> int:
        """The height in the ledger of the block that comes next."""
        head = self._log.head()
        return head.height + 1 if head else 0

    def is_final(self, id: bytes) -> bool:
        """Whether an entry is on the ledger."""
        return bool(self._store.known([id]))

    @property
    def is_open(self) -> bool:
        """Whether something is written and not committed."""
        return self._store.is_open

    def begin(self) -> None:
        """What is written from here on holds together."""
        self._store.begin()

    def append(self, time: int, statements: Sequence[cose.Statement], sealed: Sealed) -> None:
        """Write the ledger's next block, of consensus time ``time`` (Unix seconds), and what it makes of the state."""
        head = self._log.append(statements, time, sealed)
        self._written = self._written[0], app_hash(head.root, sealed.root)

    def reach(self, height: int) -> bytes:
        """Write that the consensus stands at ``height``; the app hash there."""
        self._written = height, self._written[1]
        self._store.run(_REACH, (self.next_block - 1, *self._written))
        return self._written[1]

    def commit(self) -> None:
        """Make what is written final."""
        self._store.commit()
        self.height, self.app_hash = self._written

    def rollback(self) -> None:
        """Forget what is written."""
        self._store.rollback()
        self._load()

    def clear(self) -> None:
        """Forget everything: a restoration failed, or was interrupted."""
        self._store.rollback()
        self._store.begin()
        for table in _TABLES:
            self._store.run(f"DELETE FROM {table}")  # noqa: S608
        self._store.commit()
        self._load()

    def pasts(self, count: int) -> list[Past]:
        """The newest ``count`` moments whose hash is signed and followed by another block, as a light client asks for."""
        return [Past(*row) for row in self._store.run(_PASTS, (self.height, count))]

    def rows(self, first: int, count: int) -> list[tuple[int, int, bytes]]:
        """(block, its time, statement) of ``count`` entries from index ``first`` on."""
        entries = self._log.read(first - 1, count)
        times = {height: self._time(height) for height in {entry.height for entry in entries}}
        return [(entry.height, times[entry.height], entry.data) for entry in entries]

    def _time(self, height: int) -> int:
        block = self._store.block(height)
        if block is None:
            raise Corrupt(f"block {height} is missing")
        return block.head().time
