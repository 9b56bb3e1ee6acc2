"""Devices on a serial bus as their bytes: what each answers to a request, and every way to answer wrong.

The rig's servers are pymodbus's, which knows no wrong answer; here one is asked for by its name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pymodbus.framer import FramerRTU

from .server import Station

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS = 1, 2
_LATE_S = 1.3  # after which a meter has given up waiting


class Fault(StrEnum):
    """How a device answers wrong; a healthy one has none."""

    DEAD = "dead"
    SLOW = "slow"
    CRC = "crc"
    UNIT = "unit"
    FUNCTION = "function"
    LENGTH = "length"
    EXCEPTION = "exception"
    TRUNCATED = "truncated"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame, and how many seconds after the silence of the standard it begins."""

    frame: bytes
    delay_s: float = 0.0


class Slaves:
    """The stations of one bus. `faults` may change at any time; it is looked up by unit id."""

    def __init__(self, stations: Sequence[Station], faults: Mapping[int, Fault] | None = None) -> None:
        self._stations = {station.unit: station for station in stations}
        self.faults = dict(faults or {})

    def answer(self, request: bytes) -> Reply | None:
        """What the bus hears after `request`; None: silence, as after a frame that is disturbed or for nobody."""
        station = self._stations.get(request[0]) if len(request) == 8 and sealed(request[:-2]) == request else None
        if station is None:
            return None
        message = _message(station, request)
        fault = self.faults.get(station.unit)
        return _WRONG[fault](message) if fault else Reply(sealed(message))


def sealed(message: bytes) -> bytes:
    """`message` with its checksum (Modbus over Serial Line V1.02, section 2.5.1.2)."""
    return message + FramerRTU.compute_CRC(message).to_bytes(2, "big")


def _message(station: Station, request: bytes) -> bytes:
    address, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
    if request[1] != station.function:
        return bytes([station.unit, request[1] | 0x80, _ILLEGAL_FUNCTION])
    image, start = station.image(), address - station.first
    if start < 0 or start + count > len(image):
        return bytes([station.unit, request[1] | 0x80, _ILLEGAL_ADDRESS])
    station.noticed(address, count)
    data = b"".join(register.to_bytes(2, "big") for register in image[start : start + count])
    return bytes([station.unit, request[1], 2 * count]) + data


def _with_bad_crc(message: bytes) -> Reply:
    frame = sealed(message)
    return Reply(frame[:-1] + bytes([frame[-1] ^ 0x01]))


def _of_another_length(message: bytes) -> Reply:
    return Reply(sealed(message[:2] + bytes([message[2] + 2]) + message[3:] + b"\0\0"))


_WRONG: dict[Fault, Callable[[bytes], Reply | None]] = {
    Fault.DEAD: lambda _: None,
    Fault.SLOW: lambda message: Reply(sealed(message), _LATE_S),
    Fault.CRC: _with_bad_crc,
    Fault.UNIT: lambda message: Reply(sealed(bytes([message[0] + 100]) + message[1:])),
    Fault.FUNCTION: lambda message: Reply(sealed(bytes([message[0], 6]) + message[2:])),
    Fault.LENGTH: _of_another_length,
    Fault.EXCEPTION: lambda message: Reply(sealed(bytes([message[0], message[1] | 0x80, 4]))),
    Fault.TRUNCATED: lambda message: Reply(sealed(message)[:-4]),
    Fault.NONSENSE: lambda message: Reply(sealed(message[:3] + b"\x7f" * (len(message) - 3))),
}
