"""The signed log: entries in blocks over a storage, and a receipt for each. What an engine lets in is the engine's business."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from firmware.wire import cose, receipt
from firmware.wire.proof import leaf_hash
from firmware.wire.signer import Signer

from . import block, merkle
from .block import Block, StoredBlock
from .ledger import Corrupt, Entry, Head, Health, LedgerError
from .state.backing import Backing, Sealed
from .tiles import Tiles

_REMEMBERED = 64


class Storage(Protocol):
    """Where a log lies. Every call raises Unavailable if it cannot be done now, Corrupt if what is stored is damaged."""

    @property
    def state(self) -> Backing:
        """The state as the newest block left it."""
        ...

    def write(
        self, block: StoredBlock, statements: Sequence[cose.Statement], tiles: Mapping[int, bytes | bytearray], sealed: Sealed
    ) -> None:
        """Write a block, its entries (``statements``), the tiles and the state it changes: all or nothing, durably on return.

        After an error either may be the case: see ``newest``.
        """
        ...

    def known(self, ids: Sequence[bytes]) -> dict[bytes, Entry]:
        """The entries with those of ``ids`` that are here, by id."""
        ...

    def entry(self, id: bytes) -> Entry | None:
        """The entry with this id."""
        ...

    def entries(self, after: int, limit: int) -> list[Entry]:
        """Up to ``limit`` entries with an index greater than ``after``, in order."""
        ...

    def block(self, height: int) -> StoredBlock | None:
        """The block at ``height``."""
        ...

    def newest(self, count: int) -> list[StoredBlock]:
        """The newest ``count`` blocks, newest first."""
        ...

    def tile(self, key: int) -> bytes | None:
        """A tile of the tree (tiles.Tiles)."""
        ...

    def close(self) -> None:
        """No more calls follow."""
        ...


@dataclass(frozen=True, slots=True)
class _Seal:
    """A block, the signature for its receipts and the right edge of its tree."""

    block: Block
    head_signature: bytes
    edge: list[bytes]


class Log:
    """The reading half of a ledger.Ledger, and ``append`` for the engine. All calls come from one thread at a time."""

    def __init__(self, storage: Storage, signer: Signer, site: str) -> None:
        """Go on from what ``storage`` holds. ``signer`` is the shadow centre of ``site``: it seals blocks and signs heads.

        Raises:
            Corrupt, Unavailable: see Storage.
        """
        self._storage = storage
        self._signer = signer
        self._site = site
        self._tiles = Tiles(storage.tile)
        self._seals: dict[int, _Seal] = {}
        self._newest: Block | None = None
        self.refresh()

    def close(self) -> None:
        """Close the storage."""
        self._storage.close()

    def refresh(self) -> None:
        """See which block is the newest: after an append that failed it may be another one. Corrupt or Unavailable."""
        stored = self._storage.newest(1)
        if stored and (self._newest is None or self._newest.head.height != stored[0].height):
            self._tiles.forget()
            self._newest = self._revived(stored[0]).block

    def append(self, statements: Sequence[cose.Statement], at: int, sealed: Sealed) -> Head:
        """Write statements, none of which is here yet, as the next block at Unix time ``at`` or the block before's if later.

        Args:
            sealed: what the block makes of the state.
        Raises:
            Unavailable, Corrupt: all or nothing of it was written; ``head`` tells which.
        """
        try:
            stored, seal = self._draft(statements, at, sealed)
            self._storage.write(stored, statements, self._tiles.draft(), sealed)
        except BaseException:
            self._tiles.drop()
            with suppress(LedgerError):
                self.refresh()
            raise
        self._tiles.keep()
        self._newest = self._remember(seal).block
        return self._newest.head

    def _draft(self, statements: Sequence[cose.Statement], at: int, sealed: Sealed) -> tuple[StoredBlock, _Seal]:
        newest, height = self._newest, sealed.height
        before = newest.head if newest else Head(-1, 0, merkle.EMPTY_ROOT, at)
        size = before.size + len(statements)
        self._tiles.grow(before.size, [leaf_hash(statement.data) for statement in statements])
        edge = merkle.edge(size, self._tiles.node)
        head = Head(height, size, edge[-1], max(at, before.time))
        state, previous = (sealed.slots, sealed.root), newest.id if newest else None
        statement = block.seal(self._signer, self._site, head, previous, state)
        signature = receipt.sign_head(self._signer, self._site, head.root)
        seal = _Seal(Block(head, previous, state, statement.id), signature, edge)
        return StoredBlock(height, size, statement.data, signature), seal

    def get(self, id: bytes) -> Entry | None:
        """See ledger.Ledger.get."""
        return self._storage.entry(id)

    def receipt(self, id: bytes) -> bytes | None:
        """See ledger.Ledger.receipt. Corrupt if what is stored would give one that does not hold."""
        return self.receipts([id]).get(id)

    def receipts(self, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ledger.Ledger.receipts. Corrupt if what is stored would give one that does not hold."""
        by_height: defaultdict[int, list[Entry]] = defaultdict(list)
        for entry in self._storage.known(ids).values():
            by_height[entry.height].append(entry)
        return {id: proof for height, entries in by_height.items() for id, proof in self._receipts(height, entries)}

    def _receipts(self, height: int, entries: Sequence[Entry]) -> Iterator[tuple[bytes, bytes]]:
        sealed = self._sealed(height)
        root, size = sealed.edge[-1], sealed.block.head.size
        for entry in entries:
            if entry.index >= size:
                raise Corrupt(f"block {height} does not cover it", entry.index)
        found, paths = self._proofs(entries, sealed)
        if found != root:
            wrong = next(entry.index for entry in entries if self._proofs([entry], sealed)[0] != root)
            raise Corrupt(f"its stored bytes do not lead to the root of block {height}", wrong)
        head = receipt.Head(self._signer.kid, self._site, size, sealed.head_signature)
        for entry in entries:
            yield entry.id, head.receipt(entry.index, paths[entry.index])

    def _proofs(self, entries: Sequence[Entry], sealed: _Seal) -> tuple[bytes, dict[int, list[bytes]]]:
        leaves = {entry.index: leaf_hash(entry.data) for entry in entries}
        return merkle.proofs(leaves, sealed.block.head.size, self._tiles.node, sealed.edge)

    def read(self, after: int, limit: int) -> list[Entry]:
        """See ledger.Ledger.read."""
        return self._storage.entries(after, limit)

    def blocks(self, count: int) -> list[Head]:
        """See ledger.Ledger.blocks."""
        return [stored.head() for stored in self._storage.newest(count)]

    def head(self) -> Head | None:
        """See ledger.Ledger.head."""
        return self._newest.head if self._newest else None

    def root(self, size: int) -> bytes | None:
        """See ledger.Ledger.root."""
        head = self.head()
        return None if head is None or size > head.size else self._tiles.root(size)

    def health(self, now: int) -> Health:
        """See ledger.Ledger.health."""
        head = self.head()
        try:
            self._storage.newest(1)
        except LedgerError:
            return Health(False, head, None)
        return Health(True, head, now - head.time if head else None)

    def _sealed(self, height: int) -> _Seal:
        found = self._seals.get(height)
        if found is None:
            stored = self._storage.block(height)
            if stored is None:
                raise Corrupt(f"block {height} is missing")
            found = self._revived(stored)
        return found

    def _revived(self, stored: StoredBlock) -> _Seal:
        revived = stored.block()
        edge = merkle.edge(stored.size, self._tiles.node)
        if edge[-1] != revived.head.root:
            raise Corrupt(f"block {stored.height}: the stored tree does not lead to its root")
        return self._remember(_Seal(revived, stored.head_signature, edge))

    def _remember(self, sealed: _Seal) -> _Seal:
        self._seals[sealed.block.head.height] = sealed
        if len(self._seals) > _REMEMBERED:
            del self._seals[next(iter(self._seals))]
        return sealed
