"""Devices with a plain register map, described by a file in ``firmware/maps``. No I/O: registers in, a reading out.

    {"device": "...", "document": "what the vendor published", "function": 4,
     "points": {"w": {"address": 12, "type": "float32", "scale_num": 1, "scale_den": 1, "unit": "W",
                      "range": [-25000, 25000]}, ...}}

Point names are those of a Reading, and ``ma``, the current in milliamperes (phases summed up). A value is the register's
times scale_num / scale_den, rounded to an integer. What else a point may have:

    "address": [18, 20, 22]      the sum of these registers, none of them absent
    "product": ["dv", "ma"]      instead of address and type: two other points multiplied
    "words": "little"            the low register comes first
    "absent": "7FFFFFFF"         the bit pattern of "not implemented", hexadecimal
    "range": [0, 70000]          what the reading may be; beyond it the device talks nonsense

And what else a map may have:

    "max_registers": 11          the most registers in one reply
    "bridge": false              registers between the points cannot be read
    "apparent": {"percent": 120, "floor_va": 100}     how far w may exceed dv * ma

A map with export_wh and no import_wh is a generator's: it imports nothing.
"""

from ..wire import modbus, registers
from ..wire.fields import RangeError
from .map_entry import Entry, MapError
from .plausibility import check_apparent_power, check_range
from .read_plan import Image
from .reading import Reading

_POINTS = ("w", "import_wh", "export_wh", "dv", "ma", "mhz", "soc")
_BILLION = 10**9


class _Point:
    """One quantity: where it is read, or which two points it is the product of."""

    def __init__(self, name: str, entry: Entry) -> None:
        if name not in _POINTS:
            raise MapError(f"points.{name}: is none of {_POINTS}")
        self.name = name
        self.factors: list[object] = []
        self.addresses: list[int] = []
        self.type = "u16"
        self.words = "big"
        self._absent: int | None = None
        if entry.has("product"):
            self._take_product(entry)
        else:
            self._take_registers(entry)
        self._numerator = entry.integer("scale_num", -_BILLION, _BILLION)
        self._denominator = entry.integer("scale_den", 1, _BILLION)
        self.limits = entry.limits("range")
        entry.text("unit")
        entry.finish()

    def _take_product(self, entry: Entry) -> None:
        factors = entry.take("product")
        if not isinstance(factors, list) or len(factors) != 2 or not all(factor in _POINTS for factor in factors):
            raise entry.error("product", f"two of {_POINTS} are expected")
        self.factors = factors

    def _take_registers(self, entry: Entry) -> None:
        self.addresses = entry.integers("address", 0, 65535)
        self.type = entry.text("type")
        self.words = str(entry.take("words", "big"))
        if self.words not in ("big", "little"):
            raise entry.error("words", '"big" or "little" is expected')
        try:
            self.width = registers.width(self.type)
            self._absent = int(entry.text("absent"), 16) if entry.has("absent") else None
        except RangeError as error:
            raise entry.error("type", str(error)) from None
        except ValueError:
            raise entry.error("absent", "hexadecimal digits are expected") from None

    def read(self, image: Image) -> "int | None":
        """The value, None if the device has it not."""
        total: int | float = 0
        for address in self.addresses:
            raw = registers.decode(image.span(address, self.width), 0, self.type, self.words, self._absent)
            if raw is None:
                return None
            total += raw
        return self._scaled(total)

    def multiply(self, values: "dict[str, int | None]") -> "int | None":
        """The product of the factors, None if one is absent."""
        product = 1
        for factor in self.factors:
            value = values.get(str(factor))
            if value is None:
                return None
            product *= value
        return self._scaled(product)

    def wraps_wh(self) -> "int | None":
        """At how many Wh this energy register starts at 0 again, None if it is no single counter."""
        modulus = registers.modulus(self.type)
        if modulus is None or len(self.addresses) != 1 or modulus * self._numerator % self._denominator:
            return None
        return modulus * self._numerator // self._denominator

    def _scaled(self, raw: "int | float") -> int:
        if isinstance(raw, int):
            return (2 * raw * self._numerator + self._denominator) // (2 * self._denominator)
        return round(raw * self._numerator / self._denominator)


class DeviceMap:
    """How to read one kind of device.

    Attributes:
        function: the Modbus function that reads its registers.
        spans: (address, count), what a poll has to read.
        limit: the most registers that it gives in one reply.
        bridge: whether registers between the spans may be read.
        measures_energy: it has energy registers.
    """

    def __init__(self, document: object) -> None:
        """MapError if ``document`` is no map."""
        top = Entry(document, "map")
        top.text("device")
        top.text("document")
        self.function = top.integer("function", modbus.READ_HOLDING, modbus.READ_INPUT)
        self.limit = top.integer("max_registers", 4, modbus.MAX_REGISTERS, modbus.MAX_REGISTERS)
        self.bridge = top.take("bridge", True) is True
        self._points = _points(top)
        self._apparent = _apparent(top, self._points)
        top.finish()
        self._wraps = tuple([self._points[name].wraps_wh() if name in self._points else None for name in _POINTS[1:3]])
        self.spans = [(address, point.width) for point in self._points.values() for address in point.addresses]
        self.measures_energy = "export_wh" in self._points

    def decode(self, image: Image) -> Reading:
        """The reading in ``image``, which holds all ``spans``. Nonsense if a value cannot be."""
        values = {name: point.read(image) for name, point in self._points.items() if point.addresses}
        for name, point in self._points.items():
            if point.factors:
                values[name] = point.multiply(values)
        for name, point in self._points.items():
            check_range(name, values[name], point.limits)
        self._check_power(values)
        # a generator counts only what it gives
        imported = values.get("import_wh", 0 if "export_wh" in values else None)
        return Reading(
            values.get("w"),
            imported,
            values.get("export_wh"),
            values.get("dv"),
            values.get("mhz"),
            values.get("soc"),
            (self._wraps[0], self._wraps[1]),
        )

    def _check_power(self, values: "dict[str, int | None]") -> None:
        w, dv, ma = values.get("w"), values.get("dv"), values.get("ma")
        if self._apparent is not None and w is not None and dv is not None and ma is not None:
            check_apparent_power(w, dv, ma, *self._apparent)


def _points(top: Entry) -> "dict[str, _Point]":
    entries = top.take("points")
    if not isinstance(entries, dict) or not entries:
        raise top.error("points", "an object of points is expected")
    points = {name: _Point(name, Entry(entry, f"points.{name}")) for name, entry in entries.items()}
    for point in points.values():
        for factor in point.factors:
            if factor not in points or points[str(factor)].factors:
                raise MapError(f"points.{point.name}.product: {factor} is no point with registers")
    return points


def _apparent(top: Entry, points: "dict[str, _Point]") -> "tuple[int, int] | None":
    if not top.has("apparent"):
        return None
    entry = Entry(top.take("apparent"), "apparent")
    rule = entry.integer("percent", 100, 1000), entry.integer("floor_va", 0, _BILLION)
    entry.finish()
    if not all(name in points for name in ("w", "dv", "ma")):
        raise MapError("apparent: needs the points w, dv and ma")
    return rule
