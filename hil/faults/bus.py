"""What can be wrong with a Modbus answer, each by its name.

A message is unit id, function and data; a framing makes a frame of it, for a serial line or for TCP.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator
from pymodbus.framer import FramerRTU

from .fault import WireFault

_DEVICE_FAILURE = 4
_MOST_JUNK = 24


class BusKind(StrEnum):
    """How a device answers wrong."""

    SILENCE = "silence"
    DELAY = "delay"
    SPLIT = "split"
    CRC = "crc"
    UNIT = "unit"
    FUNCTION = "function"
    LENGTH = "length"
    EXCEPTION = "exception"
    TRUNCATED = "truncated"
    NONSENSE = "nonsense"
    JUNK = "junk"
    DUPLICATE = "duplicate"
    SWAPPED = "swapped"
    SENTINEL = "sentinel"


_TAKES_TIME = {BusKind.DELAY, BusKind.SPLIT}


class BusFault(WireFault):
    """A share of the answers (0 < `share` <= 1) is wrong in this way; `delay_s` is for `delay` and `split` and for no other."""

    on: Literal["bus"]
    kind: Annotated[BusKind, Field(strict=False)]
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    delay_s: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if (self.delay_s > 0) != (self.kind in _TAKES_TIME):
            raise ValueError("delay_s is for the kinds delay and split, and they need it")
        return self


class Framing(Protocol):
    """How a line makes frames of messages."""

    def frame(self, message: bytes) -> bytes:
        """A whole frame."""

    def broken(self, message: bytes) -> bytes:
        """A frame whose own check does not hold."""


class Rtu:
    """Frames of a serial line (Modbus over Serial Line V1.02, section 2.5.1.2)."""

    def frame(self, message: bytes) -> bytes:
        """`message` with its checksum."""
        return message + FramerRTU.compute_CRC(message).to_bytes(2, "big")

    def broken(self, message: bytes) -> bytes:
        """With one bit of the checksum turned."""
        frame = self.frame(message)
        return frame[:-1] + bytes([frame[-1] ^ 0x01])


@dataclass(frozen=True, slots=True)
class Tcp:
    """Frames of Modbus TCP, which has no checksum (Modbus Messaging on TCP/IP V1.0b, section 3.1.3)."""

    transaction: int

    def frame(self, message: bytes) -> bytes:
        """`message` behind its header."""
        return self._behind(self.transaction, message)

    def broken(self, message: bytes) -> bytes:
        """The answer to another request."""
        return self._behind(self.transaction ^ 0x0100, message)

    @staticmethod
    def _behind(transaction: int, message: bytes) -> bytes:
        return transaction.to_bytes(2, "big") + b"\0\0" + len(message).to_bytes(2, "big") + message


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes, and how many seconds after those before they begin."""

    data: bytes
    delay_s: float = 0.0


def disturbed(kind: BusKind, message: bytes, framing: Framing, delay_s: float, chance: Random) -> list[Piece]:
    """What the line carries instead of `message`, in order; nothing for silence."""
    match kind:
        case BusKind.SILENCE:
            return []
        case BusKind.DELAY:
            return [Piece(framing.frame(message), delay_s)]
        case BusKind.SPLIT:
            frame = framing.frame(message)
            cut = chance.randrange(1, len(frame))
            return [Piece(frame[:cut]), Piece(frame[cut:], delay_s)]
        case BusKind.CRC:
            return [Piece(framing.broken(message))]
        case BusKind.TRUNCATED:
            return [Piece(framing.frame(message)[:-4])]
        case BusKind.JUNK:
            return [Piece(chance.randbytes(chance.randint(1, _MOST_JUNK))), Piece(framing.frame(message))]
        case BusKind.DUPLICATE:
            return [Piece(framing.frame(message)), Piece(framing.frame(message))]
    return [Piece(framing.frame(_REWRITTEN[kind](message)))]


def _swapped(message: bytes) -> bytes:
    """The 16-bit halves of every 32-bit value the wrong way round, as with a device that is of another opinion."""
    head, words = message[:3], message[3:]
    pairs = (words[at : at + 4] for at in range(0, len(words), 4))
    return head + b"".join(pair[2:] + pair[:2] for pair in pairs)


_REWRITTEN: dict[BusKind, Callable[[bytes], bytes]] = {
    BusKind.UNIT: lambda message: bytes([message[0] ^ 0x40]) + message[1:],
    BusKind.FUNCTION: lambda message: bytes([message[0], 6]) + message[2:],
    BusKind.LENGTH: lambda message: message[:2] + bytes([message[2] + 2]) + message[3:] + b"\0\0",
    BusKind.EXCEPTION: lambda message: bytes([message[0], message[1] | 0x80, _DEVICE_FAILURE]),
    BusKind.NONSENSE: lambda message: message[:3] + b"\x7f" * (len(message) - 3),
    BusKind.SWAPPED: _swapped,
    # what SunSpec's unsigned points say when they are not implemented, and a device that has lost its sensor
    BusKind.SENTINEL: lambda message: message[:3] + b"\xff" * (len(message) - 3),
}
