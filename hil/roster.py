"""Who lives on the island: the units behind the meters, in the order in which a smaller island takes them.

The default roster is the test island of You et al. ("island microgrid", section 4): three wind turbines, houses with
photovoltaics, storage, a charging pile, a water purifier, households, and one feeder meter for the whole.
"""

from dataclasses import dataclass
from enum import StrEnum

MIN_METERS = 2
MAX_METERS = 200


class Role(StrEnum):
    """What a unit is; decides its plant model and its devices."""

    FEEDER = "feeder"
    WIND = "wind"
    HOME = "home"
    BATTERY = "battery"
    HOUSE_PV = "house-pv"
    PILE = "pile"
    PURIFIER = "purifier"


@dataclass(frozen=True, slots=True)
class Unit:
    """One metered unit of the island.

    `rating_w` is the greatest power in watts that the unit moves in either direction.
    """

    meter: str
    role: Role
    name: str
    rating_w: int


class RosterError(ValueError):
    """The caller asked for an island that cannot be built; ask for 2 to 200 meters."""


_ISLAND = (
    Unit("wind-1", Role.WIND, "Wind turbine 1", 20_000),
    Unit("home-1", Role.HOME, "Household 1", 5_000),
    Unit("battery", Role.BATTERY, "Battery", 30_000),
    Unit("house-pv-1", Role.HOUSE_PV, "House with PV 1", 5_000),
    Unit("pile", Role.PILE, "Charging pile", 22_000),
    Unit("purifier", Role.PURIFIER, "Water purifier", 6_500),
    Unit("home-2", Role.HOME, "Household 2", 5_000),
    Unit("wind-2", Role.WIND, "Wind turbine 2", 20_000),
    Unit("house-pv-2", Role.HOUSE_PV, "House with PV 2", 5_000),
    Unit("wind-3", Role.WIND, "Wind turbine 3", 20_000),
)
DEFAULT_METERS = len(_ISLAND) + 1


def roster(meters: int = DEFAULT_METERS) -> list[Unit]:
    """The island with this many meters (2..200), the feeder meter first.

    Fewer than 11 keeps generation, load and storage in balance as long as it can; more adds plain households. The
    feeder is rated for all units at once.

    Raises:
        RosterError: `meters` is out of range.
    """
    if not MIN_METERS <= meters <= MAX_METERS:
        raise RosterError(f"an island has {MIN_METERS} to {MAX_METERS} meters, not {meters}: choose a number between")
    units = list(_ISLAND[: meters - 1])
    units += [Unit(f"home-{n}", Role.HOME, f"Household {n}", 5_000) for n in range(3, meters - len(_ISLAND) + 2)]
    feeder = Unit("feeder", Role.FEEDER, "Feeder", sum(unit.rating_w for unit in units))
    return [feeder, *units]
