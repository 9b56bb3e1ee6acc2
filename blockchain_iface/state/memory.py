"""A backing in memory: for verifying, for tests, and for whoever reads along."""

from collections.abc import Iterator

from ..merkle import Node
from .backing import Sealed, Slot


class MemoryBacking:
    """A backing.Backing that forgets everything with the process."""

    def __init__(self) -> None:
        self._slots: list[Slot] = []
        self._numbers: dict[bytes, int] = {}
        self._nodes: dict[Node, bytes] = {}

    def write(self, sealed: Sealed) -> None:
        """Take in a block's changes."""
        for slot in sealed.written:
            if slot.number == len(self._slots):
                self._numbers[slot.key] = slot.number
                self._slots.append(slot)
            else:
                self._slots[slot.number] = slot
        self._nodes.update(sealed.nodes)

    def slots(self) -> int:
        """See backing.Backing."""
        return len(self._slots)

    def get(self, key: bytes) -> Slot | None:
        """See backing.Backing."""
        number = self._numbers.get(key)
        return None if number is None else self._slots[number]

    def scan(self, prefix: bytes) -> Iterator[Slot]:
        """See backing.Backing."""
        return (slot for slot in self._slots if slot.key.startswith(prefix))

    def rows(self, first: int, count: int) -> list[Slot]:
        """See backing.Backing."""
        return self._slots[first : first + count]

    def node(self, node: Node) -> bytes:
        """See backing.Backing."""
        return self._nodes[node]

    def nodes(self) -> Iterator[tuple[Node, bytes]]:
        """All stored nodes of the state tree."""
        return iter(self._nodes.items())
