"""The island as a whole: every unit's power, the balance at the feeder, and the energy registers.

Power is in whole watts, positive when a unit takes from the island, so that the balance
`feeder = sum of the other units + losses + theft` holds exactly, and what a register shows is what is integrated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..climate import Climate
from ..roster import Role, Unit
from . import load, pv, weather, wind
from .battery import Battery
from .weather import MINUTES, Series

Watts = npt.NDArray[np.int64]

PHASE_V = 230.0
LINE_OHM = 0.1
NOMINAL_MHZ, DROOP_MHZ = 50_000, 500
ROOF_W = 5_000
RAMP = 0.1
"""Of its rating that an inverter's limit moves by in a second."""
FIRST_REGISTER_WH = (100_000, 9_000_000)


class PlantError(ValueError):
    """The caller broke the plant's contract: time only goes forward."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one meter can show at one instant.

    Power in W (positive is import), energy registers in Wh, phase voltage in dV, frequency in mHz, state of charge
    in permille (None: no storage here).
    """

    w: int
    import_wh: int
    export_wh: int
    dv: int
    mhz: int
    soc: int | None = None


class Island:
    """Steps the plant. Deterministic: the same units, seed and steps give the same readings.

    Args:
        units: the roster; exactly one feeder, at most one battery.
        seed: non-negative integer that all randomness comes from.
        climate: what kind of day it is.
        registers: where a meter's registers begin, in Wh, instead of where chance says.
        theft: what is taken past all meters, as a fraction of what the loads take.
    """

    def __init__(
        self,
        units: Sequence[Unit],
        seed: int,
        climate: Climate | None = None,
        registers: Mapping[str, int] | None = None,
        theft: float = 0.0,
    ) -> None:
        self.units = tuple(units)
        self.losses_w = self.stolen_w = 0
        self._theft = theft
        self._climate = climate or Climate()
        self._index = {unit.meter: i for i, unit in enumerate(self.units)}
        self._feeder = next(i for i, unit in enumerate(self.units) if unit.role is Role.FEEDER)
        self._storage = next((i for i, unit in enumerate(self.units) if unit.role is Role.BATTERY), None)
        self._battery = Battery()
        self._allowed = np.ones(len(self.units))
        self._limit = np.ones(len(self.units))
        self._load, self._source = _profiles(self.units, seed, self._climate)
        count = len(self.units)
        self._rating_w = np.array([ROOF_W if unit.role is Role.HOUSE_PV else unit.rating_w for unit in self.units])
        self._w: Watts = np.zeros(count, dtype=np.int64)
        self._source_w: Watts = np.zeros(count, dtype=np.int64)
        self._import_wh, self._export_wh, self._source_wh = _first_registers(self.units, seed, registers or {})
        self._elapsed_s = 0.0

    @property
    def feeder_w(self) -> int:
        """Power through the feeder: positive when the island imports."""
        return int(self._w[self._feeder])

    def step(self, dt: float) -> None:
        """Let `dt` wall seconds pass. The powers shown afterwards are the means over this step; energy adds up exactly.

        Raises:
            PlantError: `dt` is not positive.
        """
        if dt <= 0:
            raise PlantError(f"a step takes more than 0 s, not {dt}: give the time since the last one")
        self._elapsed_s += dt
        minute = weather.minute_of_day(self._elapsed_s, self._climate)
        ramp = RAMP * dt
        self._limit += np.clip(self._allowed - self._limit, -ramp, ramp)
        self._source_w = np.minimum(_at(self._source, minute), np.rint(self._limit * self._rating_w).astype(np.int64))
        load = _at(self._load, minute)
        self.stolen_w = round(self._theft * int(load.sum()))
        w = load - self._source_w
        if self._storage is not None:
            w[self._storage] = self._battery.dispatch(-int(w.sum()), dt)
        self.losses_w = round(LINE_OHM * float((w * w).sum()) / (3 * PHASE_V**2))
        w[self._feeder] = int(w.sum()) + self.losses_w + self.stolen_w
        self._w = w
        hours = dt / 3600
        self._import_wh += np.maximum(w, 0) * hours
        self._export_wh += np.maximum(-w, 0) * hours
        self._source_wh += self._source_w * hours

    def allow(self, meter: str, fraction: float) -> None:
        """Let the unit's source give at most this fraction (0..1) of its rating; it goes there by RAMP a second."""
        self._allowed[self._index[meter]] = fraction

    def rest(self) -> None:
        """Bring every power to zero; the registers stand still."""
        self._w = np.zeros_like(self._w)
        self._source_w = np.zeros_like(self._source_w)
        self.losses_w = self.stolen_w = 0

    def reading(self, meter: str) -> Reading:
        """What the meter at the unit's connection shows now."""
        i = self._index[meter]
        soc = self._battery.soc_permille if i == self._storage else None
        return self._show(int(self._w[i]), self._import_wh[i], self._export_wh[i], soc)

    def source_reading(self, meter: str) -> Reading:
        """What the inverter behind the unit's meter shows now: its production is export."""
        i = self._index[meter]
        return self._show(-int(self._source_w[i]), 0.0, self._source_wh[i])

    def _show(self, w: int, import_wh: float, export_wh: float, soc: int | None = None) -> Reading:
        feeder = self.units[self._feeder]
        return Reading(
            w=w,
            import_wh=int(import_wh),
            export_wh=int(export_wh),
            dv=round(10 * (PHASE_V - LINE_OHM * w / (3 * PHASE_V))),
            mhz=NOMINAL_MHZ - round(DROOP_MHZ * self.feeder_w / feeder.rating_w),
            soc=soc,
        )


def _at(profile: Series, minute: float) -> Watts:
    """The profile's row at a fractional minute, in whole watts; the day closes on itself."""
    row = int(minute)
    share = minute - row
    between: Series = profile[row] * (1.0 - share) + profile[(row + 1) % MINUTES] * share
    return np.rint(between).astype(np.int64)


def _profiles(units: Sequence[Unit], seed: int, climate: Climate) -> tuple[Series, Series]:
    """Load and source of every unit in watts: two arrays, a row a weather minute, a column a unit."""
    sky = weather.day(seed, climate)
    loads, sources = np.zeros((2, MINUTES, len(units)))
    for i, unit in enumerate(units):
        rng = weather.generator(seed, unit.meter)
        match unit.role:
            case Role.WIND:
                sources[:, i] = wind.power(sky, unit.rating_w, rng)
            case Role.HOUSE_PV:
                loads[:, i] = load.household(rng)
                sources[:, i] = pv.ac_power(sky, ROOF_W, azimuth_deg=rng.uniform(150, 210))
            case Role.HOME:
                loads[:, i] = load.household(rng)
            case Role.PILE:
                loads[:, i] = load.pile(rng)
            case Role.PURIFIER:
                loads[:, i] = load.purifier(rng)
    return loads, sources


def _first_registers(units: Sequence[Unit], seed: int, given: Mapping[str, int]) -> tuple[Series, Series, Series]:
    """Import, export and source registers in Wh at the start: as if the meters had been in service for a while.

    A unit that cannot move energy in a direction starts that register at zero. All stay below 16,000 kWh for years of
    running, where a float32 in kWh still tells single watt-hours apart.
    """
    imports, exports, sources = np.zeros((3, len(units)))
    for i, unit in enumerate(units):
        drawn = weather.generator(seed, unit.meter + " registers").integers(*FIRST_REGISTER_WH, size=3)
        imports[i] = 0 if unit.role is Role.WIND else drawn[0]
        exports[i] = 0 if unit.role in {Role.HOME, Role.PILE, Role.PURIFIER} else drawn[1]
        sources[i] = drawn[2] if unit.role is Role.HOUSE_PV else 0
        if unit.meter in given:
            imports[i], exports[i] = (given[unit.meter] if register[i] else 0 for register in (imports, exports))
    return imports, exports, sources
