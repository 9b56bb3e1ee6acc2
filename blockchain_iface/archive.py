"""A ledger file read from outside: no key, no writing, whether the gateway runs or not."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from firmware.wire import cose, receipt
from firmware.wire.fields import WireError

from . import merkle
from .block import StoredBlock
from .ledger import Corrupt, Entry, LedgerError, Unavailable
from .ledger_file import LedgerFile, judged
from .state.backing import Backing
from .state.entries import Genesis
from .state.stored import PastState, StoredState, nodes
from .tiles import Tiles

_STEP = 1000


class Archive:
    """Read-only view of an embedded ledger's file."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, a ledger file or a site's directory.

        Raises:
            Unavailable: there is no such file, or it cannot be read.
            Corrupt: it is no skerry ledger.
        """
        file = path / "ledger.sqlite" if path.is_dir() else path
        if not file.is_file():
            raise Unavailable(f"there is no ledger at {file}")
        try:
            self._file = LedgerFile(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True), file)
        except sqlite3.Error as error:
            raise judged(error, file) from error
        self._file.check_version()
        self._tiles = Tiles(self._file.tile)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def count(self) -> int:
        """How many entries there are."""
        return self._file.count()

    def entries(self, after: int = -1, at_once: int = _STEP) -> Iterator[Entry]:
        """All entries with an index above ``after``, in order, read so many at once. Corrupt where the file is damaged."""
        while some := self._file.entries(after, at_once):
            yield from some
            after = some[-1].index

    def find(self, prefix: str) -> Entry | None:
        """The entry with this index, or whose id begins with these hex digits (4 or more); None if none or several do."""
        if prefix.isdecimal() and len(prefix) < 10:
            found = [entry for entry in self._file.entries(int(prefix) - 1, 1) if entry.index == int(prefix)]
        else:
            found = self._file.beginning(prefix)
        return found[0] if len(found) == 1 else None

    def named(self, prefix: str) -> Entry:
        """As ``find``; LedgerError if there is no such entry."""
        entry = self.find(prefix)
        if entry is None:
            raise LedgerError(f"no single entry matches {prefix}")
        return entry

    def blocks(self, after: int = -1, at_once: int = _STEP) -> Iterator[StoredBlock]:
        """All blocks with a height above ``after``, in order, read so many at once. Corrupt where the file is damaged."""
        while some := self._file.blocks(after, at_once):
            yield from some
            after = some[-1].height

    def state(self, stored: StoredBlock | None = None) -> Backing:
        """The state after a block, the newest if none is given. Values and nodes that were pruned show by another root."""
        if stored is None:
            return StoredState(self._file.run)
        return PastState(self._file.run, stored.height, stored.block().state[0])

    def state_nodes(self) -> Iterator[tuple[merkle.Node, bytes]]:
        """All stored nodes of the state tree after the newest block."""
        return nodes(self._file.run)

    def block(self, height: int) -> StoredBlock:
        """The block at ``height``; Corrupt if it is missing."""
        found = self._file.block(height)
        if found is None:
            raise Corrupt(f"block {height} is missing")
        return found

    def newest(self) -> StoredBlock:
        """The newest block; Corrupt if there is none."""
        newest = self._file.newest(1)
        if not newest:
            raise Corrupt("the ledger is empty")
        return newest[0]

    def owner(self) -> str:
        """The site whose shadow centre sealed the blocks. Corrupt if there is no first block."""
        try:
            return cose.parse(self.block(0).data).issuer
        except WireError as error:
            raise Corrupt(f"block 0: {error}") from None

    def genesis(self) -> Entry:
        """The owner's genesis: of a ledger that several sites keep, not always the first entry. Corrupt if there is none."""
        if next(self.entries(), None) is None:
            raise Corrupt("the ledger is empty")
        owner = self.owner()
        for entry in self.mentioning(Genesis.TYPE, owner.encode()):
            try:
                statement = cose.parse(entry.data)
            except WireError as error:
                raise Corrupt(str(error), entry.index) from None
            if (statement.type, statement.issuer) == (Genesis.TYPE, owner):
                return entry
        raise Corrupt(f"site {owner}, whose shadow centre sealed the blocks, never began")

    def mentioning(self, type: str, name: bytes) -> Iterator[Entry]:
        """Entries, in order, in whose bytes both a statement's ``type`` and ``name`` occur: candidates, to be parsed."""
        after = -1
        while (found := self._file.mentioning([type.encode(), name], after)) is not None:
            yield found
            after = found.index

    def node(self, node: merkle.Node) -> bytes:
        """A stored tree node. Corrupt if it is missing."""
        return self._tiles.node(node)

    def root(self, size: int) -> bytes:
        """The root of the first ``size`` entries, from the stored nodes; Corrupt if one is missing."""
        return merkle.root(size, self.node)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The proof that the first ``second`` entries begin with the first ``first``; Corrupt if a node is missing."""
        return merkle.consistency(first, second, self.node)

    def receipt(self, entry: Entry) -> bytes:
        """The COSE Receipt of ``entry`` under its block's head: the bytes that the gateway itself hands out."""
        sealed = self.block(entry.height)
        statement = cose.parse(sealed.data)
        if not entry.index < sealed.size:
            raise Corrupt(f"block {entry.height} does not cover it", entry.index)
        path = merkle.path(entry.index, sealed.size, self.node)
        return receipt.encode(statement.kid, statement.issuer, sealed.size, entry.index, path, sealed.head_signature)

    def check_pages(self) -> None:
        """Corrupt if SQLite finds a page or an index of the file damaged, also where nothing else looks."""
        self._file.check_pages()
