"""Devices on a serial bus as their bytes: what each answers to a request, right or wrong.

The island's servers are pymodbus's, on lines without a pace; these answer on `paced` ones.
"""

from collections.abc import Mapping, Sequence
from random import Random

from ..faults.bus import BusKind, Piece, Rtu, disturbed
from .server import Station

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS = 1, 2
_LATE_S = 1.3  # after which a meter has given up waiting
_RTU = Rtu()


class Slaves:
    """The stations of one bus. `faults` may change at any time; it is looked up by unit id."""

    def __init__(self, stations: Sequence[Station], faults: Mapping[int, BusKind] | None = None) -> None:
        self._stations = {station.unit: station for station in stations}
        self._chance = Random(1)  # noqa: S311 - to be repeated, not to be secret
        self.faults = dict(faults or {})

    def answer(self, request: bytes) -> list[Piece]:
        """What the bus hears after `request`: nothing after a frame that is disturbed or for nobody."""
        station = self._stations.get(request[0]) if len(request) == 8 and _RTU.frame(request[:-2]) == request else None
        if station is None:
            return []
        message = _message(station, request)
        fault = self.faults.get(station.unit)
        return disturbed(fault, message, _RTU, _LATE_S, self._chance) if fault else [Piece(_RTU.frame(message))]


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
