"""SunSpec devices: register images laid out by pysunspec2 from the SunSpec Alliance's own model files.

Sign conventions: an inverter's W is positive when it produces, so it is the reading's power turned round, and its WH is
the energy exported. A meter's W is positive on import, TotWhImp and TotWhExp accordingly. An accumulator that stands
at 0 reads like one that is not implemented (SunSpec Device Information Model, acc32): it is the same number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

from sunspec2.device import Model  # type: ignore[import-untyped]

from ..plant.island import Reading
from .device import words

BASE = 40_000
MARK = b"SunS"
END = b"\xff\xff\x00\x00"
INT16_MAX = 32_767
WRAPS_AT = 1 << 32
"""An acc32 starts at 0 again there."""
MANUFACTURER = "skerry-rig"

Quantity = Callable[[Reading], float]

_ENERGY = {"WH", "TotWhImp", "TotWhExp"}
_SLEEPING, _TRACKING = 2, 4
_DISCHARGING, _CHARGING, _HOLDING = 3, 4, 6
_BANK_V = 400


@dataclass(frozen=True, slots=True)
class Part:
    """One SunSpec model of a device: points that stand still, and points computed from each reading.

    A point named in neither carries the model's "not implemented" value. `settable` are points of one register that a client
    may write; each says whether it takes the value.
    """

    model: int
    fixed: Mapping[str, int | str]
    live: Mapping[str, Quantity] = field(default_factory=dict)
    settable: Mapping[str, Callable[[int], bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Live:
    start: int
    stop: int
    encode: Callable[[float, int], bytes]
    quantity: Quantity


class SunSpecDevice:
    """A chain of SunSpec models from register 40000 to the end model, read by function 3."""

    function = 3
    first = BASE

    def __init__(self, parts: Sequence[Part]) -> None:
        self._still = bytearray(MARK)
        self._live: list[_Live] = []
        self._settable: dict[int, Callable[[int], bool]] = {}
        spans: list[tuple[int, int]] = []
        for part in parts:
            model = Model(part.model)
            base = len(self._still)
            for name, value in part.fixed.items():
                model.points[name].value = value
            for name, quantity in part.live.items():
                point = model.points[name]
                start = base + 2 * point.offset
                self._live.append(_Live(start, start + 2 * point.len, point.info.to_data, quantity))
                if name in _ENERGY:
                    spans.append((BASE + start // 2, point.len))
            for name, take in part.settable.items():
                self._settable[BASE + base // 2 + model.points[name].offset] = take
            self._still += model.get_mb()
        self._still += END
        start = min((address for address, _ in spans), default=BASE)
        self.energy = (start, max((address + count for address, count in spans), default=BASE) - start)

    def may_set(self, address: int, count: int) -> bool:
        """Whether a client may write all these registers."""
        return all(register in self._settable for register in range(address, address + count))

    def set(self, address: int, values: Sequence[int]) -> bool:
        """Write registers that may be set; False if a value is refused, and those before it are taken."""
        return all(self._settable[register](value) for register, value in enumerate(values, start=address))

    def image(self, reading: Reading) -> list[int]:
        """Every register as the device shows it at the instant of the reading."""
        data = bytearray(self._still)
        for live in self._live:
            data[live.start : live.stop] = live.encode(live.quantity(reading), live.stop - live.start)
        return words(bytes(data))


def common(model: str, serial: str, unit: int) -> Part:
    """Model 1: who the device is. `unit` is its Modbus unit id (1..247)."""
    return Part(1, {"Mn": MANUFACTURER, "Md": model, "Vr": "1", "SN": serial, "DA": unit})


def inverter(phases: str, rating_w: int) -> Part:
    """Model 101 (phases "A"), 102 ("AB") or 103 ("ABC"): an inverter that feeds in up to `rating_w` watts."""
    sf = power_scale(rating_w)
    fixed = {"A_SF": sf - 1, "V_SF": -1, "W_SF": sf, "Hz_SF": -2, "WH_SF": 0, "Tmp_SF": 0, "TmpCab": 35}
    fixed |= {"Evt1": 0, "Evt2": 0}
    live: dict[str, Quantity] = {
        "A": lambda r: abs(_current(r, sf)),
        "W": lambda r: -round(r.w / 10.0**sf),
        "Hz": _centihertz,
        "WH": lambda r: r.export_wh % WRAPS_AT,
        "St": lambda r: _TRACKING if r.w < 0 else _SLEEPING,
    }
    for phase in phases:
        live[f"Aph{phase}"] = lambda r: round(abs(_current(r, sf)) / len(phases))
        live[f"PhVph{phase}"] = lambda r: r.dv
    return Part(100 + len(phases), fixed, live)


def meter(phases: str, rating_w: int, delta: bool = False) -> Part:
    """Model 201 (phases "A"), 202 ("AB"), 203 ("ABC") or 204 (`delta`): a meter whose power stays within `rating_w` watts."""
    sf = power_scale(rating_w)
    fixed = {"A_SF": sf - 1, "V_SF": -1, "W_SF": sf, "Hz_SF": -2, "TotWh_SF": 0, "Evt": 0}
    live: dict[str, Quantity] = {
        "A": lambda r: _current(r, sf),
        "PhV": lambda r: r.dv,
        "W": lambda r: round(r.w / 10.0**sf),
        "Hz": _centihertz,
        "TotWhImp": lambda r: r.import_wh % WRAPS_AT,
        "TotWhExp": lambda r: r.export_wh % WRAPS_AT,
    }
    for phase in phases:
        live[f"Aph{phase}"] = lambda r: round(_current(r, sf) / len(phases))
        live[f"PhVph{phase}"] = lambda r: r.dv
    if len(phases) == 3:
        live |= dict.fromkeys(("PPV", "PhVphAB", "PhVphBC", "PhVphCA"), _line_voltage)
    return Part(204 if delta else 200 + len(phases), fixed, live)


def storage(capacity_wh: int, power_w: int) -> Part:
    """Model 802: the battery bank behind a storage meter. W and A are positive when charging; SoC in 0.1 %."""
    fixed = {"AHRtg": capacity_wh // _BANK_V, "WHRtg": capacity_wh, "WChaRteMax": power_w, "WDisChaRteMax": power_w}
    fixed |= {"LocRemCtl": 1, "AlmRst": 0, "Typ": 4, "State": 3, "SetOp": 1, "SetInvState": 3, "V": 10 * _BANK_V}
    fixed |= dict.fromkeys(("Evt1", "Evt2", "EvtVnd1", "EvtVnd2", "AHRtg_SF", "WHRtg_SF", "WChaDisChaMax_SF"), 0)
    fixed |= dict.fromkeys(("CellV_SF", "AMax_SF", "W_SF"), 0) | dict.fromkeys(("SoC_SF", "V_SF", "A_SF"), -1)
    live: dict[str, Quantity] = {
        "SoC": lambda r: r.soc or 0,
        "ChaSt": lambda r: _CHARGING if r.w > 0 else _DISCHARGING if r.w < 0 else _HOLDING,
        "A": lambda r: round(10 * r.w / _BANK_V),
        "W": lambda r: r.w,
    }
    return Part(802, fixed, live)


def basic_storage(power_w: int) -> Part:
    """Model 124: a battery's charge in percent, and that it may charge with `power_w` watts."""
    fixed = {"WChaMax": power_w, "WChaGra": 100, "WDisChaGra": 100, "StorCtl_Mod": 0, "WChaMax_SF": 0}
    fixed |= {"WChaDisChaGra_SF": 0, "ChaState_SF": -1}
    return Part(124, fixed, {"ChaState": lambda r: r.soc or 0})


def float_inverter(phases: str) -> Part:
    """Model 111 (phases "A"), 112 ("AB") or 113 ("ABC"): an inverter that says everything in 32-bit floats."""
    live: dict[str, Quantity] = {
        "A": lambda r: abs(10 * r.w / r.dv),
        "W": lambda r: -r.w,
        "Hz": lambda r: r.mhz / 1000,
        "WH": lambda r: r.export_wh,
    }
    for phase in phases:
        live[f"Aph{phase}"] = lambda r: abs(10 * r.w / r.dv) / len(phases)
        live[f"PhVph{phase}"] = lambda r: r.dv / 10
    return Part(110 + len(phases), {"St": _TRACKING, "Evt1": 0, "Evt2": 0}, live)


def float_meter(phases: str, delta: bool = False) -> Part:
    """Model 211 (phases "A"), 212 ("AB"), 213 ("ABC") or 214 (`delta`): a meter that says everything in 32-bit floats."""
    live: dict[str, Quantity] = {
        "A": lambda r: 10 * r.w / r.dv,
        "PhV": lambda r: r.dv / 10,
        "W": lambda r: r.w,
        "Hz": lambda r: r.mhz / 1000,
        "TotWhImp": lambda r: r.import_wh,
        "TotWhExp": lambda r: r.export_wh,
    }
    for phase in phases:
        live[f"Aph{phase}"] = lambda r: 10 * r.w / r.dv / len(phases)
        live[f"PhVph{phase}"] = lambda r: r.dv / 10
    return Part(214 if delta else 210 + len(phases), {"Evt": 0}, live)


def power_scale(rating_w: int) -> int:
    """The smallest scale factor (0, 1, 2...) with which the rating fits a signed 16-bit register."""
    sf = 0
    while rating_w > INT16_MAX * 10**sf:
        sf += 1
    return sf


def _current(reading: Reading, sf: int) -> int:
    """Current of all phases together, in the scale 10**(sf - 1) A; power factor 1."""
    return round(100 * reading.w / reading.dv / 10.0**sf)


def _centihertz(reading: Reading) -> int:
    return round(reading.mhz / 10)


def _line_voltage(reading: Reading) -> int:
    return round(reading.dv * sqrt(3))
