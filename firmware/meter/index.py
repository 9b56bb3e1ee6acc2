"""Which statements of one kind have no receipt yet, and where they are. No I/O.

Two lists of u32: 8 bytes a statement, and only for those without receipt.

Noted on the flash is: u32 the highest number · u16 count · u32 first, u32 last of each run of numbers without receipt.
Numbers above the highest noted have no receipt.
"""

from ..wire.fields import RangeError, u16, u32
from .record import SHORTEST
from .u32_list import U32List

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = -1
_HEAD, _RUN = 6, 8  # bytes


class Index:
    """The numbers of one kind of statement.

    Attributes:
        last: the highest number ever given, 0 for none.
        pending: numbers without receipt, ascending; the list itself, so that others can watch it.
        lost: numbers without receipt whose statements the flash has destroyed, ascending.
        newest: place of the newest statement that can be read, NOWHERE if there is none.
    """

    def __init__(self, noted: "bytes | None") -> None:
        """Begin with what is ``noted``, None if nothing is; then ``find`` all that is on the flash, then ``settle``."""
        self.pending = U32List()
        self.lost: list[int] = []
        self.newest = NOWHERE
        self._places = U32List()
        self._first = self._seen = 0  # lowest and highest number found so far
        self._noted = noted
        self._noted_last = self.last = int.from_bytes(noted[:4], "big") if noted else 0
        self._runs = _runs(noted) if noted else []

    def find(self, number: int, place: int) -> None:
        """Statement ``number`` is at ``place``. A power cut may have left it at two places: either will do."""
        self._first = min(self._first or number, number)
        if number >= self._seen:
            self.newest, self._seen = place, number
        self.last = max(self.last, number)
        if number <= self._noted_last and not _within(self._runs, number):
            return
        at = self._position(number)
        if at < len(self.pending) and self.pending[at] == number:
            self._places[at] = place
        else:
            self.pending.insert(at, number)
            self._places.insert(at, place)

    def claim(self, number: int) -> bool:
        """What cannot be read says that it is ``number``. Whether that is to be believed: it must follow the one before."""
        if number != self._seen + 1:
            return False
        self._first, self._seen = self._first or number, number
        self.last = max(self.last, number)
        return True

    def settle(self, unreadable: int) -> None:
        """All is found. ``unreadable``: bytes that may have been statements newer than the newest found."""
        if unreadable:
            # a number left out is a hole that people see, a number given twice would be two truths
            self.last = max(self.last, self._seen + 1 + unreadable // SHORTEST)
        first = self._noted_last + 1 if self._noted else self._first or self.last + 1
        self._runs.append((first, self.last))
        for low, high in self._runs:
            self.lost.extend([number for number in range(low, high + 1) if number not in self])
        self._runs = []

    def __contains__(self, number: int) -> bool:
        at = self._position(number)
        return at < len(self.pending) and self.pending[at] == number

    def place(self, number: int) -> int:
        """Where pending statement ``number`` is. KeyError if it is not pending."""
        if number not in self:
            raise KeyError(number)
        return self._places[self._position(number)]

    def add(self, number: int, place: int) -> None:
        """A new statement."""
        self.last = number
        self.newest = place
        self.pending.append(number)
        self._places.append(place)

    def remove(self, number: int) -> None:
        """Pending statement ``number`` has its receipt. KeyError if it is not pending."""
        if number not in self:
            raise KeyError(number)
        at = self._position(number)
        self.pending.pop(at)
        self._places.pop(at)

    def lose(self, place: int) -> None:
        """The statement at ``place`` cannot be read any more."""
        if self.newest == place:
            self.newest = NOWHERE
        at = self._at(place)
        if at != NOWHERE:
            self._places.pop(at)
            self.lost.append(self.pending.pop(at))
            self.lost.sort()

    def move(self, old: int, new: int) -> None:
        """The statement at place ``old`` is now at ``new``."""
        if self.newest == old:
            self.newest = new
        at = self._at(old)
        if at != NOWHERE:
            self._places[at] = new

    def kept(self) -> "Iterator[int]":
        """The places that must stay: all without receipt, and the newest, which is the memory of its chain."""
        yield from self._places
        if self.newest != NOWHERE and self._at(self.newest) == NOWHERE:
            yield self.newest

    def check_new(self, number: int) -> None:
        """RangeError unless ``number`` is above all that were ever given."""
        if number <= self.last:
            raise RangeError(f"number {number} after {self.last}")

    def note(self) -> bytes:
        """What to note on the flash."""
        runs: list[tuple[int, int]] = []
        for number in self._unreceipted():
            if runs and number == runs[-1][1] + 1:
                runs[-1] = runs[-1][0], number
            else:
                runs.append((number, number))
        return u32(self.last) + u16(len(runs)) + b"".join([u32(first) + u32(last) for first, last in runs])

    def _unreceipted(self) -> "Iterator[int]":
        """Pending and lost numbers, ascending, without a list of them all."""
        lost = 0
        for number in self.pending:
            while lost < len(self.lost) and self.lost[lost] < number:
                yield self.lost[lost]
                lost += 1
            yield number
        yield from self.lost[lost:]

    def _at(self, place: int) -> int:
        """Where in ``_places`` the place is, NOWHERE if it is not there."""
        for at, held in enumerate(self._places):
            if held == place:
                return at
        return NOWHERE

    def _position(self, number: int) -> int:
        """Where in ``pending`` the number is or would be."""
        low, high = 0, len(self.pending)
        while low < high:
            middle = (low + high) // 2
            if self.pending[middle] < number:
                low = middle + 1
            else:
                high = middle
        return low


def length(noted: bytes) -> int:
    """Length of the first index noted in ``noted``, in bytes."""
    return _HEAD + _RUN * int.from_bytes(noted[4:_HEAD], "big")


def _runs(noted: bytes) -> "list[tuple[int, int]]":
    starts = range(_HEAD, length(noted), _RUN)
    return [(int.from_bytes(noted[at : at + 4], "big"), int.from_bytes(noted[at + 4 : at + 8], "big")) for at in starts]


def _within(runs: "list[tuple[int, int]]", number: int) -> bool:
    return any(first <= number <= last for first, last in runs)
