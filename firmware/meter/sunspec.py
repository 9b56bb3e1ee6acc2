"""SunSpec devices: find the models, read them, turn them into a reading. No I/O: ``discover`` is fed with registers.

Sources: SunSpec Device Information Model Specification 1.1 (marker, model headers, end model, "not implemented" values)
and the Alliance's model definitions 101, 103, 201, 203 and 802.
"""

from ..wire import modbus, registers
from .reading import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

_BASES = (40000, 0, 50000)
_MARKER = (0x5375, 0x6E53)  # "SunS"
_END = 0xFFFF
_MAX_MODELS = 64
_MAX_SCALE = 10

# name of the reading's field: (offset, type, offset of the scale factor, decimal places of the reading's unit, sign)
# Offsets count from the first register after the model's id and length.
_INVERTER = {
    "w": (12, "int16", 13, 0, -1),  # an inverter's W is positive when it produces
    "export_wh": (22, "acc32", 24, 0, 1),
    "dv": (8, "uint16", 11, 1, 1),
    "mhz": (14, "uint16", 15, 3, 1),
}
_METER = {
    "w": (16, "int16", 20, 0, 1),
    "import_wh": (44, "acc32", 52, 0, 1),
    "export_wh": (36, "acc32", 52, 0, 1),
    "dv": (6, "int16", 13, 1, 1),
    "mhz": (14, "int16", 15, 3, 1),
}
_BATTERY = {"soc": (9, "uint16", 54, 1, 1)}
# what a device offers twice, the later entry measures: a meter knows both directions, an inverter only one
_LAYOUTS = {
    101: (0, _INVERTER),
    103: (0, _INVERTER),
    201: (1, _METER),
    203: (1, _METER),
    802: (2, _BATTERY),
}


class SunSpecError(Exception):
    """The device is no SunSpec device, or not one that we can read. The message says where the search ended."""


class _Model:
    """One model of one device: where it lies, and what it measures."""

    def __init__(self, layout: "dict[str, tuple[int, str, int, int, int]]", address: int) -> None:
        self._layout = layout
        # one read spans values and scale factors, so a device that changes a factor is read right
        self._first = min([min(offset, scale) for offset, _, scale, _, _ in layout.values()])
        last = max([max(offset + registers.width(type) - 1, scale) for offset, type, scale, _, _ in layout.values()])
        self.read = (modbus.READ_HOLDING, address + self._first, last - self._first + 1)

    def values(self, block: "tuple[int, ...]") -> "dict[str, int | None]":
        return {name: self._value(block, *place) for name, place in self._layout.items()}

    def _value(self, block: "tuple[int, ...]", offset: int, type: str, scale: int, places: int, sign: int) -> "int | None":
        raw = registers.decode(block, offset - self._first, type)
        factor = registers.decode(block, scale - self._first, "sunssf")
        if raw is None and type == "acc32":
            raw = 0  # a mandatory accumulator that reads "not implemented" has not counted yet
        if raw is None or factor is None or not -_MAX_SCALE <= factor <= _MAX_SCALE:
            return None
        return sign * _scaled(int(raw), int(factor) + places)


def _scaled(value: int, exponent: int) -> int:
    """value * 10^exponent, rounded to the nearest integer."""
    if exponent >= 0:
        return int(value * 10**exponent)
    divisor = 10**-exponent
    return int((2 * value + divisor) // (2 * divisor))


class SunSpecDevice:
    """How to read one discovered device; the same interface as DeviceMap.

    Attributes:
        reads: (function, address, count), what to read in one poll.
        measures_energy: it has energy registers.
    """

    def __init__(self, models: "list[_Model]", measures_energy: bool) -> None:
        self._models = models
        self.measures_energy = measures_energy
        self.reads = [model.read for model in models]

    def decode(self, blocks: "list[tuple[int, ...]]") -> Reading:
        """The reading in ``blocks``, the registers that ``reads`` gave, in its order."""
        values: dict[str, int | None] = {}
        for model, block in zip(self._models, blocks):  # noqa: B905 - MicroPython's zip takes no keywords
            values.update(model.values(block))
        # an inverter counts only what it gives
        imported = values.get("import_wh", 0 if "export_wh" in values else None)
        return Reading(
            values.get("w"),
            imported,
            values.get("export_wh"),
            values.get("dv"),
            values.get("mhz"),
            values.get("soc"),
        )


def discover() -> "Generator[tuple[int, int, int], tuple[int, ...] | None, SunSpecDevice]":
    """Search one device: yields what to read, (function, address, count); send back the registers, None if refused.

    Returns a SunSpecDevice. Raises SunSpecError if there is no marker, the chain of models breaks, or none is of use.
    """
    address = yield from _find_marker()
    found: dict[int, tuple[int, int]] = {}  # rank: (model, address)
    for _ in range(_MAX_MODELS):
        header = yield modbus.READ_HOLDING, address, 2
        if header is None:
            raise SunSpecError(f"the model header at {address} cannot be read")
        model, length = header
        if model == _END:
            return _device(found)
        if model in _LAYOUTS:
            found.setdefault(_LAYOUTS[model][0], (model, address + 2))
        address += 2 + length
        if address > 65534:
            raise SunSpecError(f"model {model} is said to have {length} registers: it would end behind the last")
    raise SunSpecError(f"more than {_MAX_MODELS} models and no end at {address}")


def _find_marker() -> "Generator[tuple[int, int, int], tuple[int, ...] | None, int]":
    for base in _BASES:
        marker = yield modbus.READ_HOLDING, base, 2
        if marker == _MARKER:
            return base + 2
    raise SunSpecError(f"no SunSpec marker at {_BASES}")


def _device(found: "dict[int, tuple[int, int]]") -> SunSpecDevice:
    # an inverter beside a meter would report the same power once more
    ranks = [rank for rank in sorted(found) if not (rank == 0 and 1 in found)]
    if not ranks:
        raise SunSpecError(f"none of the models {sorted(_LAYOUTS)} in the device")
    models = [_Model(_LAYOUTS[found[rank][0]][1], found[rank][1]) for rank in ranks]
    return SunSpecDevice(models, 0 in ranks or 1 in ranks)
