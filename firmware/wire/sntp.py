"""The client's side of SNTP version 4 (RFC 4330; RFC 5905 for its numbers): one request, and what its answer is worth.

    packet = 48 bytes: LI·VN·mode | stratum | poll | precision | u32 root delay | u32 root dispersion | reference id
             | reference | originate | receive | transmit        timestamps: u32 seconds · u32 fraction (RFC 5905, figure 8)

A request says nothing of us: in the place of its transmit timestamp is a random *cookie*, all else is zero. The server returns
it as the originate timestamp, so whoever does not see the line cannot answer. Who sees it can say what he likes.
"""

from .clock import EARLIEST_S, LATEST_S
from .fields import RangeError, WireError, uint_of

PORT = 123
SIZE = 48
COOKIE_SIZE = 8
_REQUEST, _VERSION_AND_MODE, _ANSWER = b"\x23", 0x3F, 0x24  # version 4; mode 3 of clients, 4 of servers
_UNSYNCHRONIZED = 3  # leap indicator
_HIGHEST_STRATUM = 15
_MAX_DISTANCE_MS = 16_000  # to the reference clock: RFC 5905's MAXDISP
_TO_1970_S = 2_208_988_800  # from 1900, where era 0 begins
_ERA_S = 1 << 32


class Kiss(WireError):
    """The server wants to be asked less. ``code``: "RATE", or "DENY" and "RSTR" for never again (RFC 5905, section 7.4)."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the time server says {code}")
        self.code = code


def request(cookie: bytes) -> bytes:
    """A request; ``cookie``: 8 unpredictable bytes, new for each. RangeError for another length."""
    if len(cookie) != COOKIE_SIZE:
        raise RangeError(f"a cookie has {COOKIE_SIZE} bytes")
    return _REQUEST + bytes(SIZE - 1 - COOKIE_SIZE) + cookie


def answers(data: bytes, cookie: bytes) -> bool:
    """Whether ``data`` is an answer to the request with ``cookie``, and not a stray packet or a forgery."""
    return len(data) >= SIZE and data[0] & _VERSION_AND_MODE == _ANSWER and data[24:32] == cookie


def measure(data: bytes, under_way_ms: int) -> "tuple[int, int]":
    """(Unix ms, uncertainty ms) at the moment ``data`` arrived, ``under_way_ms`` after its request left.

    The uncertainty is the root distance: half of all ways to the reference clock, and all errors on them. WireError if the
    server does not know the time itself or contradicts itself; Kiss if it wants to be asked less.
    """
    if data[1] == 0:
        raise Kiss("".join([chr(letter) for letter in data[12:16] if 32 < letter < 127]))
    if data[0] >> 6 == _UNSYNCHRONIZED or data[1] > _HIGHEST_STRATUM:
        raise WireError("the time server does not know the time itself")
    distance = (_short_ms(data[4:8]) + 1) // 2 + _short_ms(data[8:12]) + _precision_ms(data[3])
    if distance >= _MAX_DISTANCE_MS:
        raise WireError(f"the time server's own uncertainty is {distance} ms")
    received, sent = _unix_ms(data[32:40]), _unix_ms(data[40:48])
    # both of our clocks and the server's are read to a millisecond
    if not 0 <= sent - received <= under_way_ms + 1:
        raise WireError("the time server was longer at it than the answer was under way")
    half = (max(0, under_way_ms - (sent - received)) + 1) // 2
    return sent + half, half + distance + 1


def _unix_ms(timestamp: bytes) -> int:
    """Unix milliseconds of an NTP timestamp. Without its first bit it is of era 1, from 2036 on (RFC 4330, section 3)."""
    seconds = int.from_bytes(timestamp[:4], "big") - _TO_1970_S
    if timestamp[0] < 0x80:
        seconds += _ERA_S
    if timestamp == bytes(8):
        raise WireError("the time server's timestamps are empty")
    return 1000 * uint_of(seconds, "NTP time", EARLIEST_S, LATEST_S) + (int.from_bytes(timestamp[4:], "big") * 1000 >> 32)


def _short_ms(value: bytes) -> int:
    """Milliseconds of a duration in 2^-16 s, rounded up."""
    return (int.from_bytes(value, "big") * 1000 + 0xFFFF) >> 16


def _precision_ms(exponent: int) -> int:
    """Milliseconds of a precision of 2^exponent s, a signed byte, rounded up."""
    return 1000 << exponent if exponent < 0x80 else -(-1000 >> (0x100 - exponent))
