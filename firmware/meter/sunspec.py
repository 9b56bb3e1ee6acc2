"""SunSpec devices: find the models, read them, turn them into a reading. No I/O: ``discover`` is fed with registers.

Source: SunSpec Device Information Model Specification 1.1 (marker, model headers, end model, "not implemented" values).
"""

from ..wire import modbus, registers
from .plausibility import check_apparent_power, check_range
from .read_plan import Image
from .reading import Reading
from .sunspec_models import BATTERY, INVERTER, LAYOUTS, METER, RANGES, STORAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from .sunspec_models import Layout

_BASES = (40000, 0, 50000)
_MARKER = (0x5375, 0x6E53)  # "SunS"
_END = 0xFFFF
_MAX_MODELS = 64
_MAX_SCALE = 10
_PERCENT, _FLOOR_VA = 120, 100  # how far power may exceed volts times amperes


class SunSpecError(Exception):
    """The device is no SunSpec device, or not one that we can read. The message says where the search ended."""


class _Model:
    """One model of one device: where it lies, and what it measures."""

    def __init__(self, layout: "Layout", address: int) -> None:
        self._layout = layout
        # read in one piece with its scale factors, so a device that changes a factor is read right
        first = min([offset for offset, _, _, _, _ in layout.values()])
        end = max([offset + registers.width(type) for offset, type, _, _, _ in layout.values()])
        end = max([end] + [scale + 1 for _, _, scale, _, _ in layout.values() if scale is not None])
        self._first = first
        self.span = (address + first, end - first)

    def values(self, image: Image) -> "dict[str, _Value]":
        block = image.span(*self.span)
        return {name: _Value(block, self._first, *place) for name, place in self._layout.items()}


class _Value:
    """A value with its scale factor.

    Attributes:
        value: in the reading's unit, None if it is not implemented.
        step: what one count of the register is worth, in the reading's unit; 0 for a float.
    """

    def __init__(
        self, block: "tuple[int, ...]", first: int, offset: int, type: str, scale: "int | None", places: int, sign: int
    ) -> None:
        self.value: int | None = None
        self.step = 0
        raw = registers.decode(block, offset - first, type)
        if raw is None and type == "acc32":
            raw = 0  # a mandatory accumulator that reads "not implemented" has not counted yet
        if scale is None:
            self.value = None if raw is None else sign * round(raw * 10**places)
            return
        factor = registers.decode(block, scale - first, "sunssf")
        if raw is None or factor is None or not -_MAX_SCALE <= factor <= _MAX_SCALE:
            return
        self.value = sign * _scaled(int(raw), int(factor) + places)
        self.step = max(1, _scaled(1, int(factor) + places))


def _scaled(value: int, exponent: int) -> int:
    """value * 10^exponent, rounded to the nearest integer."""
    if exponent >= 0:
        return int(value * 10**exponent)
    divisor = 10**-exponent
    return int((2 * value + divisor) // (2 * divisor))


class SunSpecDevice:
    """How to read one discovered device; the same interface as DeviceMap."""

    function = modbus.READ_HOLDING
    limit = modbus.MAX_REGISTERS
    bridge = True

    def __init__(self, models: "list[_Model]", measures_energy: bool) -> None:
        self._models = models
        self.measures_energy = measures_energy
        self.spans = [model.span for model in models]

    def decode(self, image: Image) -> Reading:
        """The reading in ``image``, which holds all ``spans``. Nonsense if a value cannot be."""
        found: dict[str, _Value] = {}
        for model in self._models:
            found.update(model.values(image))
        values = {name: value.value for name, value in found.items()}
        for name, limits in RANGES.items():
            check_range(name, values.get(name), limits)
        _check_power(found)
        # an inverter counts only what it gives
        imported = values.get("import_wh", 0 if "export_wh" in values else None)
        return Reading(
            values.get("w"),
            imported,
            values.get("export_wh"),
            values.get("dv"),
            values.get("mhz"),
            values.get("soc"),
            (_wraps(found, "import_wh"), _wraps(found, "export_wh")),
        )


def _check_power(found: "dict[str, _Value]") -> None:
    w, dv, ma = [found[name].value if name in found else None for name in ("w", "dv", "ma")]
    # many inverters leave current or voltage at 0 instead of "not implemented"
    if w and dv and ma:
        check_apparent_power(w, dv, abs(ma) + found["ma"].step, _PERCENT, _FLOOR_VA + found["w"].step)


def _wraps(found: "dict[str, _Value]", name: str) -> "int | None":
    modulus = registers.modulus("acc32")
    return modulus * found[name].step if name in found and found[name].step and modulus else None


def discover() -> "Generator[tuple[int, int, int], tuple[int, ...] | None, SunSpecDevice]":
    """Search one device: yields what to read, (function, address, count); send back the registers, None if refused.

    Returns a SunSpecDevice. Raises SunSpecError if there is no marker, the chain of models breaks, or none is of use.
    """
    address = yield from _find_marker()
    found: dict[int, tuple[int, int]] = {}  # kind: (model, address)
    for _ in range(_MAX_MODELS):
        header = yield modbus.READ_HOLDING, address, 2
        if header is None:
            raise SunSpecError(f"the model header at {address} cannot be read")
        model, length = header
        if model == _END:
            return _device(found)
        if model in LAYOUTS:
            found.setdefault(LAYOUTS[model][0], (model, address + 2))
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
    kinds = [kind for kind in sorted(found) if not _is_outdone(kind, found)]
    if not kinds:
        raise SunSpecError(f"none of the models {sorted(LAYOUTS)} in the device")
    models = [_Model(LAYOUTS[found[kind][0]][1], found[kind][1]) for kind in kinds]
    return SunSpecDevice(models, INVERTER in kinds or METER in kinds)


def _is_outdone(kind: int, found: "dict[int, tuple[int, int]]") -> bool:
    """Whether another model says the same and more: a meter beside an inverter knows both directions."""
    return (kind == INVERTER and METER in found) or (kind == STORAGE and BATTERY in found)
