"""Plain Modbus meters (no SunSpec), laid out by a map file that the firmware reads too.

The format of a map in `firmware/maps` is told in `firmware/meter/device_map.py`; a client computes

    value = round(raw * scale_num / scale_den)

in the rig's units (`w` W, `ma` mA, `dv` dV, `mhz` mHz, `soc` permille, `import_wh` and `export_wh` Wh). Power and current of
several phases, and what has several registers, is shared out among them; the first bears what does not divide.
"""

import json
import struct
from dataclasses import dataclass
from importlib.resources import files

from ..plant.island import Reading
from .device import words

_FORMATS = {"float32": ">f", "float64": ">d", "u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "u64": ">Q", "s64": ">q"}
_ENERGY = ("import_wh", "export_wh")


class MapError(ValueError):
    """A map file is missing or wrong; the file named in the message is to be mended."""


@dataclass(frozen=True, slots=True)
class Point:
    """One quantity in a device's registers; more than one address share it out."""

    addresses: tuple[int, ...]
    format: str
    scale_num: int
    scale_den: int
    little: bool

    @property
    def count(self) -> int:
        """Number of registers at each address."""
        return struct.calcsize(self.format) // 2

    def encode(self, value: int) -> list[list[int]]:
        """Registers, for each address, from which a client decodes `value`.

        A float32 in kWh does so exactly below 16,384 kWh, where neighbouring floats are less than 1 Wh apart.

        Raises:
            struct.error: the value does not fit into the type.
        """
        raw = value * self.scale_den / self.scale_num
        if self.format in {">f", ">d"}:
            share = raw / len(self.addresses)
            return [self._pack(share)] * len(self.addresses)
        share, rest = divmod(round(raw), len(self.addresses))
        return [self._pack(share + rest)] + [self._pack(share)] * (len(self.addresses) - 1)

    def _pack(self, raw: float) -> list[int]:
        registers = words(struct.pack(self.format, raw))
        return registers[::-1] if self.little else registers


class MappedDevice:
    """A device laid out by the map `firmware/maps/<name>.json`; registers that the map does not name read 0."""

    def __init__(self, name: str) -> None:
        self.function, self.points = load_map(name)
        spans = [(address, point.count) for point in self.points.values() for address in point.addresses]
        self.first = min(address for address, _ in spans)
        self._end = max(address + count for address, count in spans)
        self.energy = self._energy()

    def image(self, reading: Reading) -> list[int]:
        """Every register as the device shows it at the instant of the reading."""
        registers = [0] * (self._end - self.first)
        for quantity, point in self.points.items():
            for address, encoded in zip(point.addresses, point.encode(_quantity(reading, quantity, point)), strict=True):
                registers[address - self.first : address - self.first + point.count] = encoded
        return registers

    def _energy(self) -> tuple[int, int]:
        points = [self.points[key] for key in _ENERGY if key in self.points]
        spans = [(address, point.count) for point in points for address in point.addresses]
        if not spans:
            return self.first, 0
        start = min(address for address, _ in spans)
        return start, max(address + count for address, count in spans) - start


def load_map(name: str) -> tuple[int, dict[str, Point]]:
    """The reading function and the points of a map; products have no registers and are left out.

    Raises:
        MapError: there is no such map, or it does not follow the format above.
    """
    path = files("firmware") / "maps" / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        entries = {quantity: entry for quantity, entry in document["points"].items() if "product" not in entry}
        return int(document["function"]), {quantity: _point(entry) for quantity, entry in entries.items()}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MapError(f"firmware/maps/{name}.json does not follow the map format: {error!r}") from error


def _point(entry: dict[str, object]) -> Point:
    address = entry["address"]
    return Point(
        addresses=tuple(address) if isinstance(address, list) else (int(str(address)),),
        format=_FORMATS[str(entry["type"])],
        scale_num=int(str(entry["scale_num"])),
        scale_den=int(str(entry["scale_den"])),
        little=entry.get("words") == "little",
    )


def _quantity(reading: Reading, quantity: str, point: Point) -> int:
    if quantity == "ma":
        current = round(10_000 * reading.w / reading.dv)
        # without a sign a device shows the current's size
        return abs(current) if point.format in {">H", ">I", ">Q"} else current
    if quantity == "soc":
        return reading.soc or 0
    return int(getattr(reading, quantity))
