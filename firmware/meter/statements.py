"""What the meter has said and must be able to say again: statements of each kind, kept until their receipt and beyond.

Statements lie in segments, in the order in which they were signed. When the flash is full, the oldest segment with receipted
statements goes; what has no receipt in it is copied first, and so is the newest statement of each kind, the memory of its
chain. Receipts are noted in one small file, at once when nothing is pending and else at every BATCH-th: what a power cut makes
us forget of them is pending again, is sent again and receipted again.
"""

from ..wire.receipt import CERTIFICATE, KINDS
from . import index, record
from .index import NOWHERE, Index
from .notes import StoreFull
from .record import UNKNOWN
from .segments import FOLDER, Segment, Segments
from .u32_list import U32List

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Files
    from .notes import Notes

BATCH = 32
_NOTE = FOLDER + "/receipts"  # not in the root: LittleFS cannot move that to spare its blocks


class StatementDamaged(Exception):
    """The flash has destroyed a statement. Its number is used up and it stays in the debt, as ``lost``: for people to see."""


class Statements:
    """The statements on the flash; each kind has its own numbers.

    Attributes:
        corrupt: stretches of the flash that held statements and cannot be read any more, found at the start or since.
    """

    def __init__(self, files: "Files", notes: "Notes") -> None:
        """Read all that is on the flash."""
        self.corrupt = 0
        self._notes = notes
        self._unsaved = 0
        self._segments = Segments(files)
        noted = notes.read(_NOTE)
        self._indexes: list[Index] = []
        for _ in KINDS:
            self._indexes.append(Index(noted))
            noted = noted[index.length(noted) :] if noted else None
        self._find()

    def _find(self) -> None:
        unreadable = [0 for _ in KINDS]
        for place, kind, number, damage in self._segments.scan():
            if not damage:
                unreadable[kind] = 0
                self._indexes[kind].find(number, place)
                continue
            self.corrupt += 1
            if kind == UNKNOWN or not self._indexes[kind].claim(number):
                unreadable = [count + damage for count in unreadable]
        for kind in KINDS:
            self._indexes[kind].settle(unreadable[kind])
        if self.corrupt:
            self._save_if_room()

    def last(self, kind: int) -> int:
        """The highest number ever given to a statement of ``kind``, 0 for none."""
        return self._indexes[kind].last

    def pending(self, kind: int) -> U32List:
        """Numbers without receipt, ascending: the list itself, which goes on changing."""
        return self._indexes[kind].pending

    def lost(self, kind: int) -> "list[int]":
        """Numbers without receipt whose statements the flash has destroyed, ascending."""
        return self._indexes[kind].lost

    def newest(self, kind: int) -> "bytes | None":
        """The newest statement that can be read, with or without receipt; None before the first."""
        place = self._indexes[kind].newest
        data = None if place == NOWHERE else self._segments.read(place)
        return _statement(data) if data else None

    def add(self, kind: int, number: int, statement: bytes) -> None:
        """Keep a statement; it is on the medium when this returns.

        StoreFull if there is no room; certificates leave the last segment to the other kinds. RangeError unless the number is
        above all others of its kind.
        """
        self._indexes[kind].check_new(number)
        data = record.pack(kind, number, statement)
        self._make_room(kind, len(data))
        self._indexes[kind].add(number, self._segments.append(data))

    def read(self, kind: int, number: int) -> bytes:
        """A pending statement. KeyError if it is not pending; StatementDamaged if it is destroyed, and from then on lost."""
        place = self._indexes[kind].place(number)
        data = self._segments.read(place)
        if data is None:
            self._lose(kind, place)
            raise StatementDamaged(f"statement {number} of kind {kind} is damaged on the flash")
        return _statement(data)

    def free(self, kind: int, number: int) -> None:
        """A statement has its receipt. KeyError if it is not pending."""
        self._indexes[kind].remove(number)
        self._unsaved += 1
        if self._unsaved >= BATCH or not any(numbers.pending for numbers in self._indexes):
            self._save_if_room()

    def oldest_run(self, kind: int) -> "tuple[int, int] | None":
        """First and last of the oldest statements of ``kind`` without receipt, without a hole among them, at most BATCH; the
        newest one of all is never among them. None if there is none."""
        index = self._indexes[kind]
        if not len(index.pending) or index.pending[0] == index.last:
            return None
        first = last = index.pending[0]
        while last + 1 in index and last + 1 < min(first + BATCH, index.last):
            last += 1
        return first, last

    def give_up(self, kind: int, first: int, last: int) -> None:
        """Drop the statements ``first`` to ``last`` that have no receipt.

        A signed statement of the gap, of another kind, has to be kept before. A power cut in between leaves both.
        """
        for number in range(first, last + 1):
            if number in self._indexes[kind]:
                self._indexes[kind].remove(number)
        self._save_if_room()

    def _make_room(self, kind: int, size: int) -> None:
        """See to it that a record of ``size`` bytes can be appended."""
        limit = self._segments.limit - (1 if kind == CERTIFICATE else 0)
        while len(self._segments.all) > limit or (len(self._segments.all) == limit and not self._segments.has_room(size)):
            self._retire(self._oldest_receipted())

    def _oldest_receipted(self) -> Segment:
        """The oldest segment of which a quarter can go: to copy more for less would wear the flash for nothing."""
        held: dict[int, int] = {}
        for numbers in self._indexes:
            for place in numbers.kept():
                held[place >> 16] = held.get(place >> 16, 0) + 1
        for segment in self._segments.all:
            if 4 * held.get(segment.slot, 0) <= 3 * segment.records:
                return segment
        raise StoreFull()

    def _retire(self, segment: Segment) -> None:
        """Copy what must stay, then remove the segment."""
        if self._unsaved:
            self._save()
        if segment is self._segments.all[-1]:
            self._segments.begin()
        for kind in KINDS:
            for place in [place for place in self._indexes[kind].kept() if place >> 16 == segment.slot]:
                self._copy(kind, place)
        self._segments.remove(segment)

    def _copy(self, kind: int, place: int) -> None:
        data = self._segments.read(place)
        if data is None:
            self._lose(kind, place)
        else:
            self._indexes[kind].move(place, self._segments.append(data))

    def _lose(self, kind: int, place: int) -> None:
        self.corrupt += 1
        self._indexes[kind].lose(place)
        self._save_if_room()

    def _save_if_room(self) -> None:
        """Note receipts now, or with a later one: an update may have filled the flash for a while."""
        try:
            self._save()
        except StoreFull:
            self._unsaved = max(self._unsaved, 1)

    def _save(self) -> None:
        """Note which statements have receipts."""
        self._notes.write(_NOTE, b"".join([numbers.note() for numbers in self._indexes]))
        self._unsaved = 0


def _statement(data: bytes) -> bytes:
    return data[record.HEAD : -4]
