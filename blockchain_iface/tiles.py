"""Tree nodes in tiles, so that they are read and written by the database page and not one by one.

A tile is a complete subtree of 64 leaves without its root, all inner nodes included: 126 hashes, level by level, 4,032 bytes,
which fit one SQLite page of 4,096. The roots of 64 tiles are the leaves of one tile a tier higher. A hash of zeros is not there
yet. Appending a batch touches the last tile of each tier; a proof in a tree of a million leaves needs four tiles.
"""

from collections.abc import Callable, Mapping, Sequence

from . import merkle
from .ledger import Corrupt
from .merkle import Node

SIZE = 126 * 32
_TIER = 6
_MISSING = bytes(32)
_REMEMBERED = 4096


def place(node: Node) -> tuple[int, int]:
    """Where a node lies: its tile's key (position << 4 | tier) and the offset in the tile in bytes."""
    level, position = node
    tier, low = divmod(level, _TIER)
    span = _TIER - low
    return position >> span << 4 | tier, (128 - (128 >> low) + (position & (1 << span) - 1)) << 5


class Tiles:
    """Nodes by their place, out of tiles that are read when they are first needed; new ones are drafted until kept."""

    def __init__(self, read: Callable[[int], bytes | None]) -> None:
        """``read`` gets the stored tile of a key, or None."""
        self._read = read
        self._kept: dict[int, bytes] = {}
        self._draft: dict[int, bytearray] = {}

    def node(self, node: Node) -> bytes:
        """The hash of a complete node: 32 bytes. Corrupt if it is missing."""
        key, offset = place(node)
        tile = self._draft.get(key) or self._kept.get(key) or self._load(key)
        digest = tile[offset : offset + 32] if tile else _MISSING
        if digest == _MISSING:
            raise Corrupt(f"tree node {node} is missing")
        return bytes(digest)

    def grow(self, size: int, leaves: Sequence[bytes]) -> None:
        """Draft what comes to be when leaf hashes are appended to a tree of ``size`` leaves."""
        for first, hashes in merkle.grow(size, leaves, self.node):
            self.put(first, hashes)

    def root(self, size: int) -> bytes:
        """The root of the first ``size`` leaves, drafted or kept."""
        return merkle.root(size, self.node)

    def put(self, first: Node, hashes: Sequence[bytes]) -> None:
        """Draft the nodes of one level from ``first`` on."""
        level, position = first
        width = 1 << _TIER - level % _TIER
        while hashes:
            key, offset = place((level, position))
            tile = self._draft.get(key)
            if tile is None:
                tile = self._draft[key] = bytearray(self._kept.get(key) or self._load(key) or SIZE)
            some = hashes[: width - position % width]
            tile[offset : offset + 32 * len(some)] = b"".join(some)
            hashes, position = hashes[len(some) :], position + len(some)

    def draft(self) -> Mapping[int, bytes | bytearray]:
        """The tiles with drafted nodes in them, whole, by key."""
        return self._draft

    def keep(self) -> None:
        """The draft has been stored."""
        for key, tile in self._draft.items():
            self._remember(key, bytes(tile))
        self._draft = {}

    def drop(self) -> None:
        """Forget the draft."""
        self._draft = {}

    def forget(self) -> None:
        """Forget what was read, too: somebody else has written."""
        self._kept, self._draft = {}, {}

    def _load(self, key: int) -> bytes | None:
        tile = self._read(key)
        if tile is not None:
            if len(tile) != SIZE:
                raise Corrupt(f"tile {key} of the tree has {len(tile)} bytes, not {SIZE}")
            self._remember(key, tile)
        return tile

    def _remember(self, key: int, tile: bytes) -> None:
        self._kept[key] = tile
        if len(self._kept) > _REMEMBERED:
            del self._kept[next(iter(self._kept))]
