"""The engines behind the ledger's contract, each with what the suite needs of it: to be opened, opened again, and awaited."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from scitt_cose import merkle

from blockchain_iface.cometbft import network
from blockchain_iface.engines.cometbft import CometLedger
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.engines.memory import MemoryLedger, MemoryStorage, Step, fails
from blockchain_iface.ledger import Entry, Head, Ledger
from blockchain_iface.standby import StandbyStore
from blockchain_iface.state.happenings import Happening
from blockchain_iface.store import Store
from gateway.adapters.broker import free_port
from gateway.core.writer import StatefulLedger
from tests.virtual_meter import CENTRE, SITE
from tools.setup import cometbft

PATIENCE_S = 20


class Engine(Protocol):
    """One engine with one ledger, which outlives the objects that open it."""

    def open(self) -> StatefulLedger:
        """The ledger, as a new process finds it. What was open before is closed."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class LocalEngine(Engine, Protocol):
    """An engine whose writing can be made to fail."""

    def failing(self, at: Step, is_done: bool) -> AbstractContextManager[None]:
        """Within this context the step fails: before it is carried out or, if ``is_done``, after."""
        ...


class Memory:
    """The memory engine."""

    def __init__(self, _: Path) -> None:
        self._storage = MemoryStorage()

    def open(self) -> MemoryLedger:
        return MemoryLedger(self._storage, CENTRE, SITE)

    def close(self) -> None:
        """Nothing is open."""

    @contextmanager
    def failing(self, at: Step, is_done: bool) -> Iterator[None]:
        untroubled = self._storage.fault
        self._storage.fault = fails(at, is_done)
        yield
        self._storage.fault = untroubled


class Embedded:
    """The embedded engine."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ledger.sqlite"
        self._ledger: EmbeddedLedger | None = None

    def open(self) -> EmbeddedLedger:
        self.close()
        self._ledger = EmbeddedLedger(self._path, CENTRE, SITE)
        return self._ledger

    def close(self) -> None:
        if self._ledger:
            self._ledger.close()

    @contextmanager
    def failing(self, at: Step, is_done: bool) -> Iterator[None]:
        assert self._ledger
        with _failing(self._ledger._storage, at, is_done):
            yield


class WithStandby:
    """The embedded engine with a standby, whose disk is the one that fails."""

    def __init__(self, folder: Path) -> None:
        self._paths = folder / "ledger.sqlite", folder / "standby.sqlite"
        self._ledger: EmbeddedLedger | None = None

    def open(self) -> EmbeddedLedger:
        self.close()
        path, standby = self._paths
        self._ledger = EmbeddedLedger(path, CENTRE, SITE, standby=standby)
        return self._ledger

    def close(self) -> None:
        if self._ledger:
            self._ledger.close()

    @contextmanager
    def failing(self, at: Step, is_done: bool) -> Iterator[None]:
        assert self._ledger
        storage = self._ledger._storage
        assert isinstance(storage, StandbyStore)
        with _failing(storage._standby, at, is_done):
            yield


@contextmanager
def _failing(store: object, at: Step, is_done: bool) -> Iterator[None]:
    assert isinstance(store, Store)
    untroubled = store._db
    store._db = _FailingConnection(untroubled, at, is_done)  # type: ignore[assignment]
    yield
    store._db = untroubled


class Alone:
    """The cometbft engine with one validator."""

    def __init__(self, folder: Path, kind: type[CometLedger] = CometLedger) -> None:
        self._folder = folder
        self._kind = kind
        self._ledger: CometLedger | None = None
        member = network.Member(SITE, CENTRE.public, folder / "cometbft", free_port(), free_port())
        network.create([member], "alone", datetime.now(UTC))

    def open(self) -> CometLedger:
        self.close()
        self._ledger = self._kind(self._folder, CENTRE, SITE)
        return self._ledger

    def close(self) -> None:
        if self._ledger:
            self._ledger.close()


_STATEMENTS = {
    Step.BEGIN: "BEGIN",
    Step.ENTRIES: "INSERT INTO entries",
    Step.TILES: "REPLACE INTO tiles",
    Step.STATE: "INSERT INTO state VALUES",
    Step.BLOCK: "INSERT INTO blocks",
    Step.COMMIT: "COMMIT",
}


class _FailingConnection:
    """A connection on which one kind of SQL statement fails as a disk does."""

    def __init__(self, db: sqlite3.Connection, at: Step, is_done: bool) -> None:
        self._db, self._beginning, self._is_done = db, _STATEMENTS[at], is_done

    def execute(self, query: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with self._fault(query):
            return self._db.execute(query, values)

    def executemany(self, query: str, rows: Sequence[Sequence[object]]) -> sqlite3.Cursor:
        with self._fault(query):
            return self._db.executemany(query, rows)

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def rollback(self) -> None:
        self._db.rollback()

    @contextmanager
    def _fault(self, query: str) -> Iterator[None]:
        is_it = query.lstrip().startswith(self._beginning)
        if is_it and not self._is_done:
            raise sqlite3.OperationalError("disk I/O error")
        yield
        if is_it:
            raise sqlite3.OperationalError("disk I/O error")


Seen = tuple[Head | None, list[Entry], list[bytes | None]]


def seen(ledger: Ledger) -> Seen:
    """All that the contract shows of a ledger of up to a thousand entries."""
    entries = ledger.read(-1, 1000)
    return ledger.head(), entries, [ledger.receipt(entry.id) for entry in entries]


def check_heads(ledger: Ledger) -> None:
    """Blocks follow each other without holes, each under the root that RFC 9162 gives its entries."""
    heads, entries = ledger.blocks(1000), ledger.read(-1, 1000)
    assert heads[0] == ledger.head()
    assert [head.height for head in heads] == list(range(len(heads)))[::-1]
    for newer, older in pairwise(heads):
        assert newer.size > older.size
        assert newer.time >= older.time
    leaves, sizes = [entry.data.hex() for entry in entries], {head.height: head.size for head in heads}
    assert heads[0].size == len(leaves)
    for head in heads:
        assert head.root.hex() == merkle.merkle_root(leaves[: head.size])
    for entry in entries:
        assert sizes.get(entry.height - 1, 0) <= entry.index < sizes[entry.height]


def submitted(ledger: Ledger, batch: Sequence[bytes], at: int) -> list[bytes]:
    """Submit, and wait until the batch is final."""
    ids = ledger.submit(batch, at)
    deadline = time.monotonic() + PATIENCE_S
    while not all(ledger.get(id) for id in ids):
        assert time.monotonic() < deadline, "not final in time"
        time.sleep(0.01)
    return ids


def told(ledger: StatefulLedger, count: int) -> list[Happening]:
    """What has happened, ``count`` or more; an engine may tell it a moment after its entries are final."""
    happened = ledger.happened()
    deadline = time.monotonic() + PATIENCE_S
    while len(happened) < count:
        assert time.monotonic() < deadline, "not told in time"
        time.sleep(0.01)
        happened += ledger.happened()
    return happened


LOCAL: dict[str, Callable[[Path], LocalEngine]] = {"memory": Memory, "embedded": Embedded, "standby": WithStandby}
ENGINES: dict[str, Callable[[Path], Engine]] = {**LOCAL}
if cometbft.is_built(Path(__file__).parents[2] / ".skerry"):  # else set-up has said so
    ENGINES["cometbft"] = Alone
