"""A meter's log on its way to people who look for a fault: pieces of it, unsigned.

piece = [number 0.., how many there are, bytes]     the lines are UTF-8, each with its newline
"""

from . import cbor
from .fields import WireError, list_of, uint_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 512  # bytes of the log in a piece
MOST = 64  # pieces


def split(log: bytes) -> "Iterator[bytes]":
    """``log`` in pieces, at least one, made one after the other: a meter has no room for all at once."""
    count = max(1, (len(log) + LONGEST - 1) // LONGEST)
    for number in range(count):
        yield cbor.encode([number, count, log[number * LONGEST : (number + 1) * LONGEST]])


def decode(data: bytes) -> "tuple[int, int, bytes]":
    """Number, count and bytes of a piece. WireError if it is none."""
    number, count, log = list_of(cbor.decode(data), "piece", 3, 3)
    if not isinstance(log, bytes) or len(log) > LONGEST:
        raise WireError(f"piece: at most {LONGEST} bytes are expected")
    most = uint_of(count, "pieces", 1, MOST)
    return uint_of(number, "piece", 0, most - 1), most, log
