"""The state tree: an RFC 9162 Merkle tree over the slots, kept up to date block by block.

    leaf = SHA-256(0x00 || cbor [key, height, value])       key and value as byte strings

New slots append, as in the log. A value written anew changes its leaf and the path above it; paths that a block shares are
hashed once. Only nodes that are complete and from level STORED up are kept: those below follow from the slots themselves.
"""

from collections.abc import Mapping

from firmware.wire import cbor
from firmware.wire.proof import leaf_hash, node_hash

from .. import merkle
from ..merkle import Node
from .backing import Backing, Slot

STORED = 3
_REMEMBERED = 100_000


def leaf_of(slot: Slot) -> bytes:
    """The leaf hash of a slot: 32 bytes."""
    return leaf_hash(cbor.encode([slot.key, slot.height, slot.value]))


class StateTree:
    """The tree over a backing's slots, with one block's changes on top until they are committed."""

    def __init__(self, backing: Backing) -> None:
        self._backing = backing
        self._known: dict[Node, bytes] = {}
        self._draft: dict[Node, bytes] = {}

    def update(self, written: Mapping[int, bytes], size: int) -> dict[Node, bytes]:
        """Draft the leaf hashes ``written`` (by slot) in a tree of ``size`` slots; the nodes from STORED up that change."""
        self._draft = {(0, slot): leaf for slot, leaf in written.items()}
        level, dirty = 0, sorted(written)
        while dirty:
            # a node is complete if its last leaf is there
            complete = size >> (level + 1)
            parents = [position for position in dict.fromkeys(child >> 1 for child in dirty) if position < complete]
            for position in parents:
                left, right = self.node((level, 2 * position)), self.node((level, 2 * position + 1))
                self._draft[level + 1, position] = node_hash(left, right)
            level, dirty = level + 1, parents
        return {node: digest for node, digest in self._draft.items() if node[0] >= STORED}

    def commit(self) -> None:
        """The draft is in the backing now."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known.update(self._draft)
        self._draft = {}

    def rollback(self) -> None:
        """Forget the draft."""
        self._draft = {}

    def forget(self) -> None:
        """Forget the draft and what was remembered of the backing."""
        self._known, self._draft = {}, {}

    def node(self, node: Node) -> bytes:
        """The hash of a complete node."""
        found = self._draft.get(node) or self._known.get(node)
        if found is None:
            found = self._known[node] = self._read(node)
        return found

    def root(self, size: int) -> bytes:
        """The root over ``size`` slots, those of the draft if there is one: 32 bytes."""
        return merkle.root(size, self.node)

    def _read(self, node: Node) -> bytes:
        level, position = node
        if level >= STORED:
            return self._backing.node(node)
        hashes = [leaf_of(slot) for slot in self._backing.rows(position << level, 1 << level)]
        while len(hashes) > 1:
            hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]
