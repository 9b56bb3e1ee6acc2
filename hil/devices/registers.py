"""Plain Modbus meters (no SunSpec), laid out by a map file that the firmware reads too.

A map in `firmware/maps` is JSON: `device`, the vendor's `document`, the reading `function`, and `points`. A point has a
register `address` counted from 0, a `type` (float32, u16, s16, u32, s32, u64), `scale_num` and `scale_den`, the device's
own `unit`, and `"words": "little"` when the low register comes first. A client computes

    value = round(raw * scale_num / scale_den)

in the rig's units (`w` W, `dv` dV, `mhz` mHz, `import_wh` and `export_wh` Wh).
"""

import json
import struct
from dataclasses import dataclass
from importlib.resources import files

from ..plant.island import Reading
from .device import words

_FORMATS = {"float32": ">f", "u16": ">H", "s16": ">h", "u32": ">I", "s32": ">i", "u64": ">Q"}
_ENERGY = ("import_wh", "export_wh")


class MapError(ValueError):
    """A map file is missing or wrong; the file named in the message is to be mended."""


@dataclass(frozen=True, slots=True)
class Point:
    """One quantity in a device's registers."""

    address: int
    format: str
    scale_num: int
    scale_den: int
    little: bool

    @property
    def count(self) -> int:
        """Number of registers."""
        return struct.calcsize(self.format) // 2

    def encode(self, value: int) -> list[int]:
        """Registers from which a client decodes `value`.

        A float32 in kWh does so exactly below 16,384 kWh, where neighbouring floats are less than 1 Wh apart.

        Raises:
            struct.error: the value does not fit into the type.
        """
        raw = value * self.scale_den / self.scale_num
        registers = words(struct.pack(self.format, raw if self.format == ">f" else round(raw)))
        return registers[::-1] if self.little else registers


class MappedDevice:
    """A device laid out by the map `firmware/maps/<name>.json`; registers that the map does not name read 0."""

    def __init__(self, name: str) -> None:
        self.function, self.points = load_map(name)
        self.first = min(point.address for point in self.points.values())
        self._end = max(point.address + point.count for point in self.points.values())
        spans = [(self.points[key].address, self.points[key].count) for key in _ENERGY if key in self.points]
        start = min(address for address, _ in spans)
        self.energy = (start, max(address + count for address, count in spans) - start)

    def image(self, reading: Reading) -> list[int]:
        """Every register as the device shows it at the instant of the reading."""
        registers = [0] * (self._end - self.first)
        for quantity, point in self.points.items():
            offset = point.address - self.first
            registers[offset : offset + point.count] = point.encode(getattr(reading, quantity))
        return registers


def load_map(name: str) -> tuple[int, dict[str, Point]]:
    """The reading function and the points of a map.

    Raises:
        MapError: there is no such map, or it does not follow the format above.
    """
    path = files("firmware") / "maps" / f"{name}.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        points = {quantity: _point(entry) for quantity, entry in document["points"].items()}
        return int(document["function"]), points
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise MapError(f"firmware/maps/{name}.json does not follow the map format: {error!r}") from error


def _point(entry: dict[str, int | str]) -> Point:
    return Point(
        address=int(entry["address"]),
        format=_FORMATS[str(entry["type"])],
        scale_num=int(entry["scale_num"]),
        scale_den=int(entry["scale_den"]),
        little=entry.get("words") == "little",
    )
