"""The backing in a ledger's SQLite file. The file's owner opens it, judges its errors, and writes in its own transaction.

The state is what the newest block left; what a block supersedes moves to the past, by triggers, and may be pruned from there.
Roots are in the blocks, so that pruning takes nothing from proofs that were given before.
"""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from ..ledger import Corrupt
from ..merkle import Node
from .backing import Sealed, Slot

SCHEMA = """
CREATE TABLE state (slot INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, height INTEGER NOT NULL, value BLOB NOT NULL);
CREATE TABLE state_nodes (key INTEGER PRIMARY KEY, height INTEGER NOT NULL, hash BLOB NOT NULL);
CREATE TABLE past_state (slot INTEGER, until INTEGER, height INTEGER, value BLOB, PRIMARY KEY (slot, until)) WITHOUT ROWID;
CREATE TABLE past_nodes (key INTEGER, until INTEGER, hash BLOB, PRIMARY KEY (key, until)) WITHOUT ROWID;
CREATE TRIGGER keep_state AFTER UPDATE ON state
BEGIN INSERT INTO past_state VALUES (old.slot, new.height, old.height, old.value); END;
CREATE TRIGGER keep_node AFTER UPDATE ON state_nodes
BEGIN INSERT INTO past_nodes VALUES (old.key, new.height, old.hash); END;
"""
_WRITE_SLOT = """
INSERT INTO state VALUES (?, ?, ?, ?) ON CONFLICT (slot) DO UPDATE SET height = excluded.height, value = excluded.value
"""
_WRITE_NODE = """
INSERT INTO state_nodes VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET height = excluded.height, hash = excluded.hash
"""
# beside min(), SQLite gives the other columns of the row that holds the minimum
_PAST = """
SELECT slot, height, value, min(until) FROM past_state WHERE slot >= ? AND slot < ? AND until > ? GROUP BY slot
"""
KEPT = 1024
"""Blocks whose state can be proved, besides the newest; as many again may wait to be pruned."""
_LEVELS = 0x3F
Read = Callable[[str, tuple[int | bytes, ...]], list[Any]]


def write(db: sqlite3.Connection, sealed: Sealed) -> None:
    """Write a block's changes, within the transaction that writes the block."""
    height = sealed.height
    db.executemany(_WRITE_SLOT, sealed.written)
    db.executemany(_WRITE_NODE, [(_place(node), height, digest) for node, digest in sealed.nodes.items()])
    if height % KEPT == 0:
        prune(db, height - KEPT)


def prune(db: sqlite3.Connection, below: int) -> None:
    """Forget what was superseded up to height ``below``: the states of that block and later ones stay provable."""
    db.execute("DELETE FROM past_state WHERE until <= ?", (below,))
    db.execute("DELETE FROM past_nodes WHERE until <= ?", (below,))


def nodes(read: Read) -> Iterator[tuple[Node, bytes]]:
    """All stored nodes of the state tree after the newest block. ``read`` as for StoredState."""
    for key, digest in read("SELECT key, hash FROM state_nodes", ()):
        yield (key & _LEVELS, key >> _LEVELS.bit_length()), digest


class StoredState:
    """A backing.Backing: the state after the newest block."""

    def __init__(self, read: Read) -> None:
        """``read`` returns a query's rows, and raises what the ledger's contract asks for if the file gives none."""
        self._read = read

    def slots(self) -> int:
        """See backing.Backing."""
        return int(self._read("SELECT coalesce(max(slot) + 1, 0) FROM state", ())[0][0])

    def get(self, key: bytes) -> Slot | None:
        """See backing.Backing."""
        rows = self._read("SELECT slot, key, height, value FROM state WHERE key = ?", (key,))
        return Slot._make(rows[0]) if rows else None

    def scan(self, prefix: bytes) -> Iterator[Slot]:
        """See backing.Backing."""
        rows = self._read("SELECT slot, key, height, value FROM state WHERE key >= ? AND key < ?", (prefix, _after(prefix)))
        return map(Slot._make, rows)

    def rows(self, first: int, count: int) -> list[Slot]:
        """See backing.Backing."""
        query = "SELECT slot, key, height, value FROM state WHERE slot >= ? AND slot < ? ORDER BY slot"
        rows = self._read(query, (first, first + count))
        if len(rows) != count:
            raise Corrupt(f"of the state's slots {first} to {first + count - 1} the file holds {len(rows)}")
        return list(map(Slot._make, rows))

    def node(self, node: Node) -> bytes:
        """See backing.Backing."""
        rows = self._read("SELECT hash FROM state_nodes WHERE key = ?", (_place(node),))
        if not rows:
            raise Corrupt(f"node {node} of the state tree is missing")
        return bytes(rows[0][0])


class PastState(StoredState):
    """The state as block ``height`` left it, with ``slots`` slots. What was pruned shows by a root that is not the block's."""

    def __init__(self, read: Read, height: int, slots: int) -> None:
        super().__init__(read)
        self._height = height
        self._slots = slots

    def slots(self) -> int:
        """See backing.Backing."""
        return self._slots

    def get(self, key: bytes) -> Slot | None:
        """See backing.Backing."""
        slot = super().get(key)
        return None if slot is None or slot.number >= self._slots else self.rows(slot.number, 1)[0]

    def scan(self, prefix: bytes) -> Iterator[Slot]:
        """See backing.Backing."""
        return (self.rows(slot.number, 1)[0] for slot in super().scan(prefix) if slot.number < self._slots)

    def rows(self, first: int, count: int) -> list[Slot]:
        """See backing.Backing."""
        # the present first: what is superseded in between is then found in the past
        found = super().rows(first, count)
        past = {slot: (height, value) for slot, height, value, _ in self._read(_PAST, (first, first + count, self._height))}
        return [Slot(slot.number, slot.key, *past.get(slot.number, (slot.height, slot.value))) for slot in found]

    def node(self, node: Node) -> bytes:
        """See backing.Backing."""
        present = super().node(node)
        query = "SELECT hash FROM past_nodes WHERE key = ? AND until > ? ORDER BY until LIMIT 1"
        rows = self._read(query, (_place(node), self._height))
        return bytes(rows[0][0]) if rows else present


def _place(node: Node) -> int:
    level, position = node
    return position << _LEVELS.bit_length() | level


def _after(prefix: bytes) -> bytes:
    """The first key that is greater than all that begin with ``prefix``."""
    return prefix[:-1] + bytes([prefix[-1] + 1])
