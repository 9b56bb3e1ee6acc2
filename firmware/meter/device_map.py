"""Devices with a plain register map, described by a file in ``firmware/maps``. No I/O: registers in, a reading out.

    {"device": "...", "document": "...", "function": 4,
     "points": {"w": {"address": 12, "type": "float32", "scale_num": 1, "scale_den": 1, "unit": "W"}, ...}}

Point names are those of a Reading; its value is the register's, times scale_num / scale_den, rounded to an integer.
"""

from ..wire import modbus, registers
from ..wire.fields import RangeError
from .reading import Reading

_POINTS = ("w", "import_wh", "export_wh", "dv", "mhz", "soc")


class MapError(ValueError):
    """The map file is wrong: its author's fault. The message names the place."""


class _Point:
    __slots__ = ("address", "denominator", "numerator", "type", "width")

    def __init__(self, name: str, entry: "dict[str, object]") -> None:
        if name not in _POINTS:
            raise MapError(f"points.{name}: is none of {_POINTS}")
        self.address = _integer(entry, name, "address", 0, 65535)
        self.numerator = _integer(entry, name, "scale_num", -(10**9), 10**9)
        self.denominator = _integer(entry, name, "scale_den", 1, 10**9)
        self.type = str(entry.get("type"))
        try:
            self.width = registers.width(self.type)
        except RangeError as error:
            raise MapError(f"points.{name}.type: {error}") from None

    def value(self, block: "tuple[int, ...]", start: int) -> "int | None":
        raw = registers.decode(block, self.address - start, self.type)
        if raw is None:
            return None
        if isinstance(raw, int):
            return (2 * raw * self.numerator + self.denominator) // (2 * self.denominator)
        return round(raw * self.numerator / self.denominator)


def _integer(entry: "dict[str, object]", name: str, key: str, low: int, high: int) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise MapError(f"points.{name}.{key}: a whole number from {low} to {high} is expected")
    return value


class DeviceMap:
    """How to read one kind of device.

    Attributes:
        reads: (function, address, count), what to read in one poll.
        measures_energy: it has both energy registers.
    """

    def __init__(self, document: "dict[str, object]") -> None:
        """MapError if ``document`` is no map."""
        function, points = document.get("function"), document.get("points")
        if function not in (modbus.READ_HOLDING, modbus.READ_INPUT) or not isinstance(points, dict) or not points:
            raise MapError("function 3 or 4 and points are expected")
        self._points = {name: _Point(name, entry) for name, entry in points.items()}
        self.measures_energy = "import_wh" in self._points and "export_wh" in self._points
        self.reads = [(function, address, count) for address, count in self._blocks()]

    def _blocks(self) -> "list[tuple[int, int]]":
        """(address, count) of the fewest reads that touch no register outside the points: some devices refuse others."""
        blocks: list[tuple[int, int]] = []
        for address, width in sorted([(point.address, point.width) for point in self._points.values()]):
            if blocks:
                start, count = blocks[-1]
                if address <= start + count and address + width - start <= modbus.MAX_REGISTERS:
                    blocks[-1] = start, max(count, address + width - start)
                    continue
            blocks.append((address, width))
        return blocks

    def decode(self, blocks: "list[tuple[int, ...]]") -> Reading:
        """The reading in ``blocks``, the registers that ``reads`` gave, in its order."""
        values: dict[str, int | None] = {}
        for name, point in self._points.items():
            for (_, start, count), block in zip(self.reads, blocks):  # noqa: B905 - MicroPython's zip takes no keywords
                if start <= point.address and point.address + point.width <= start + count:
                    values[name] = point.value(block, start)
        return Reading(
            values.get("w"),
            values.get("import_wh"),
            values.get("export_wh"),
            values.get("dv"),
            values.get("mhz"),
            values.get("soc"),
        )
