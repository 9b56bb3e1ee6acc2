"""Where the state lies between blocks: each key once, in the slot that it took when it was first written."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ..merkle import Node


class Slot(NamedTuple):
    """A key's place: canonical CBOR of key and value, and the height of the block that wrote the value last."""

    number: int
    key: bytes
    height: int
    value: bytes


class Sealed(NamedTuple):
    """What a block makes of the state: the slots it writes, and those complete tree nodes over them that are stored."""

    height: int
    slots: int
    """How many there are after the block: the size of the state tree."""
    root: bytes
    written: tuple[Slot, ...]
    nodes: dict[Node, bytes]


class Backing(Protocol):
    """The state after the newest committed block. An engine writes each Sealed into it, together with its block."""

    def slots(self) -> int:
        """How many slots are taken: 0, 1, 2, ... without holes."""
        ...

    def get(self, key: bytes) -> Slot | None:
        """The slot of ``key``, or None if it was never written."""
        ...

    def scan(self, prefix: bytes) -> Iterator[Slot]:
        """All slots whose keys begin with ``prefix``, in any order."""
        ...

    def rows(self, first: int, count: int) -> list[Slot]:
        """``count`` slots from number ``first`` on; they are there, or Corrupt."""
        ...

    def node(self, node: Node) -> bytes:
        """A stored node of the state tree (see tree.STORED); it is there, or Corrupt."""
        ...
