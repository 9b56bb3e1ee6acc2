"""A list of u32 that grows in small steps. Python's own doubles, and in one piece: a small heap has no room for that."""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 128  # numbers appended to an array before the next one is begun


class U32List:  # noqa: PLW1641 - what changes has no hash
    """Numbers 0..2**32 - 1 in blocks, 4 bytes each; used as the list that it stands for."""

    def __init__(self) -> None:
        self._blocks: list[array[int]] = []

    def __len__(self) -> int:
        return sum([len(block) for block in self._blocks])

    def __eq__(self, other: object) -> bool:
        """Whether ``other`` is a list, of either kind, of the same numbers."""
        return isinstance(other, (list, U32List)) and list(self) == list(other)

    def __iter__(self) -> "Iterator[int]":
        for block in self._blocks:
            yield from block

    def __getitem__(self, at: int) -> int:
        """IndexError if there are not so many. ``at`` is not negative."""
        block, at = self._find(at)
        return block[at]

    def __setitem__(self, at: int, number: int) -> None:
        block, at = self._find(at)
        block[at] = number

    def append(self, number: int) -> None:
        """Put a number at the end."""
        if not self._blocks or len(self._blocks[-1]) >= _BLOCK:
            self._blocks.append(array("I"))
        self._blocks[-1].append(number)

    def insert(self, at: int, number: int) -> None:
        """Put a number before the one at ``at``."""
        if at >= len(self):
            self.append(number)
            return
        block, at = self._find(at)
        block[at:at] = array("I", (number,))

    def pop(self, at: int) -> int:
        """Take out the number at ``at``. IndexError if there are not so many."""
        block, at = self._find(at)
        number = block[at]
        block[at : at + 1] = array("I")
        if not block:
            self._blocks.remove(block)
        return number

    def _find(self, at: int) -> "tuple[array[int], int]":
        """The block of the number at ``at``, and where in it."""
        for block in self._blocks:
            if at < len(block):
                return block, at
            at -= len(block)
        raise IndexError("no such number")
