"""How statements lie in a segment, one after the other. No I/O.

    kind · u16 length · u32 number · the statement · u32 CRC-32 of all that

Kinds are wire.receipt's. LittleFS shows what was appended wholly or not at all, so the CRC is against flash that forgets.
Behind a damaged record the next sound one is looked for byte by byte: one lost bit costs one statement.
"""

import binascii

from ..wire.fields import u16, u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = -1
MAX_STATEMENT = 4096  # bytes
SHORTEST = 128  # bytes: no statement is shorter, its signature and its signer's name alone take that
HEAD = 7
OVERHEAD = HEAD + 4
LONGEST = OVERHEAD + MAX_STATEMENT
_KIND = b"\xc3\x3c"  # as written; far apart, for one lost bit must not make another kind


def pack(kind: int, number: int, statement: bytes) -> bytes:
    """The record of a statement of at most MAX_STATEMENT bytes. RangeError if ``number`` does not fit 32 bits."""
    data = _KIND[kind : kind + 1] + u16(len(statement)) + u32(number) + statement
    return data + u32(binascii.crc32(data))


def size_of(head: bytes) -> int:
    """Length of the record that begins with ``head``, HEAD bytes, in bytes."""
    return OVERHEAD + int.from_bytes(head[1:3], "big")


def is_sound(data: "bytes | memoryview") -> bool:
    """Whether ``data`` is exactly one record, as it was packed."""
    return len(data) >= OVERHEAD and data[0] in _KIND and data[-4:] == u32(binascii.crc32(data[:-4]))


def scan(data: bytes) -> "Iterator[tuple[int, int, int, int]]":
    """Offset, kind, number of each record, and 0; for a stretch that cannot be read, its length in bytes in place of the 0.

    The kind of such a stretch is UNKNOWN unless it is as long as the record that it seems to begin with.
    """
    start = 0
    while start < len(data):
        end = start + _sound_size(data, start)
        if end > start:
            kind, number = _head(data, start)
            yield start, kind, number, 0
        else:
            end = start + 1
            while end < len(data) and not _sound_size(data, end):
                end += 1
            whole = end - start >= OVERHEAD and end - start == size_of(data[start : start + HEAD])
            kind, number = _head(data, start) if whole else (UNKNOWN, 0)
            yield start, kind, number, end - start
        start = end


def _head(data: bytes, offset: int) -> "tuple[int, int]":
    return _KIND.find(data[offset : offset + 1]), int.from_bytes(data[offset + 3 : offset + HEAD], "big")


def _sound_size(data: bytes, offset: int) -> int:
    """Length of the sound record at ``offset``, 0 if there is none."""
    if len(data) - offset < OVERHEAD or data[offset] not in _KIND:
        return 0
    size = size_of(data[offset : offset + HEAD])
    whole = size <= LONGEST and offset + size <= len(data)
    return size if whole and is_sound(memoryview(data)[offset : offset + size]) else 0
