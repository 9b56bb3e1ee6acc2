"""The files that hold statements: each takes records until it is full, and is removed as a whole.

    q/s1f       segment 31; a higher number is younger

A place is ``slot << 16 | offset``: slots are small numbers that stand for the segments that are there, so that a place stays a
small integer however many segments have come and gone.
"""

import errno

from . import record
from .notes import ENOSPC, StoreFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..hal.interface import Files

FOLDER = "q"
SEGMENTS = 57  # fill 512 KB; the last one is not for certificates: 1,344 of 330 bytes fit in the others
SIZE = 8188  # bytes: two LittleFS blocks, the second of which begins with a pointer of 4 bytes
_BLOCKS = 8192  # bytes that a segment takes
_RESERVE = 20480  # bytes left free: to copy what must stay before a segment goes, and for LittleFS to move in
_PREFIX = "s"


class Segment:
    """One file. ``slot`` is its place in memory, ``records`` what it was given, ``size`` its bytes."""

    __slots__ = ("id", "records", "size", "slot")

    def __init__(self, id: int, slot: int) -> None:
        self.id = id
        self.slot = slot
        self.records = 0
        self.size = 0

    @property
    def name(self) -> str:
        return f"{FOLDER}/{_PREFIX}{self.id:x}"


class Segments:
    """All segments.

    Attributes:
        all: oldest first; the last one takes new records.
        limit: how many there may be.
    """

    def __init__(self, files: "Files") -> None:
        self._files = files
        self.all: list[Segment] = []
        self.limit = 0
        for id in sorted([int(name[1:], 16) for name in files.names(FOLDER) if name.startswith(_PREFIX)]):
            self._open(id)

    def scan(self) -> "Iterator[tuple[int, int, int, int]]":
        """Place, kind, number and unreadable bytes, as record.scan, oldest first. To be run to its end, once, at the start."""
        for segment in self.all:
            try:
                data = self._files.read(segment.name)
            except OSError:
                segment.size = SIZE
                yield segment.slot << 16, record.UNKNOWN, 0, SIZE
                continue
            segment.size = len(data)
            for offset, kind, number, unreadable in record.scan(data):
                segment.records += 1
                if unreadable:
                    segment.size = SIZE  # nothing more is written to where the flash forgets
                yield segment.slot << 16 | offset, kind, number, unreadable
        begun = _BLOCKS - self.all[-1].size if self.all else 0
        self.limit = min(SEGMENTS, len(self.all) + (self._files.free() - _RESERVE - begun) // _BLOCKS)

    def has_room(self, size: int) -> bool:
        """Whether the last segment takes a record of ``size`` bytes."""
        return bool(self.all) and self.all[-1].size + size <= SIZE

    def append(self, data: bytes) -> int:
        """Write a record, to a new segment if the last has no room for it, and return its place. StoreFull."""
        if not self.has_room(len(data)):
            self.begin()
        segment = self.all[-1]
        try:
            self._files.append(segment.name, data)
        except OSError as error:
            if error.errno == ENOSPC:
                raise StoreFull() from None
            raise
        place = segment.slot << 16 | segment.size
        segment.size += len(data)
        segment.records += 1
        return place

    def begin(self) -> None:
        """Write to a new segment from now on."""
        self._open(self.all[-1].id + 1 if self.all else 0)

    def read(self, place: int) -> "bytes | None":
        """The record at ``place``, None if it is not sound any more."""
        offset = place & 0xFFFF
        name = next(segment.name for segment in self.all if segment.slot == place >> 16)
        try:
            head = self._files.read(name, offset, record.HEAD)
            data = self._files.read(name, offset, min(record.size_of(head), record.LONGEST))
        except OSError:
            return None
        return data if record.is_sound(data) else None

    def remove(self, segment: Segment) -> None:
        """Remove a segment with all that it holds."""
        try:
            self._files.remove(segment.name)
        except OSError as error:
            if error.errno != errno.ENOENT:  # nothing could be written to it
                raise
        self.all.remove(segment)

    def _open(self, id: int) -> None:
        taken = [segment.slot for segment in self.all]
        self.all.append(Segment(id, min([slot for slot in range(len(taken) + 1) if slot not in taken])))
