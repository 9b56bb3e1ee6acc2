"""Which devices stand at each unit, and which line they share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .devices import sunspec
from .devices.curtailment import Curtailment
from .devices.device import Device
from .devices.registers import MappedDevice
from .plant.battery import CAPACITY_WH
from .plant.island import ROOF_W, Island, Reading
from .roster import Role, Unit

BILLING, AUXILIARY = "billing", "auxiliary"
SUNSPEC = "sunspec"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One Modbus device: where it stands, how it is read, and what it shows.

    `unit` is its Modbus unit id on the line (1..247), `map` is "sunspec" or the name of a file in `firmware/maps`.
    """

    meter: str
    unit: int
    map: str
    role: str
    device: Device
    reading: Callable[[], Reading]


@dataclass(frozen=True, slots=True)
class Line:
    """One Modbus line, "tcp" or "rtu", with the devices that share it."""

    kind: str
    endpoints: tuple[Endpoint, ...]


def wire(island: Island) -> list[Line]:
    """The lines of an island: the turbines behind one TCP gateway, added households behind another, the rest alone."""
    turbines = [unit for unit in island.units if unit.role is Role.WIND]
    added = [unit for unit in island.units if unit.role is Role.HOME and unit.meter not in {"home-1", "home-2"}]
    lines = [_line(island, "tcp", shared) for shared in (turbines, added) if shared]
    alone = [unit for unit in island.units if unit not in turbines and unit not in added]
    return lines + [_line(island, _kind(unit), [unit]) for unit in alone]


def _kind(unit: Unit) -> str:
    serial = unit.role in {Role.HOUSE_PV, Role.PILE, Role.PURIFIER} or unit.meter == "home-1"
    return "rtu" if serial else "tcp"


def _line(island: Island, kind: str, units: Sequence[Unit]) -> Line:
    """A line with the units' billing devices under unit ids from 1, then a house's inverter."""
    endpoints = [_billing(island, unit, address) for address, unit in enumerate(units, start=1)]
    endpoints += [_roof(island, unit, len(units) + 1) for unit in units if unit.role is Role.HOUSE_PV]
    return Line(kind, tuple(endpoints))


def _billing(island: Island, unit: Unit, address: int) -> Endpoint:
    name, device = _billing_device(island, unit, address)
    return Endpoint(unit.meter, address, name, BILLING, device, lambda: island.reading(unit.meter))


def _roof(island: Island, unit: Unit, address: int) -> Endpoint:
    control = _curtailment(island, unit)
    parts = [sunspec.common("inverter-101", f"{unit.meter}-roof", address), sunspec.inverter("A", ROOF_W), control]
    device = sunspec.SunSpecDevice(parts)
    return Endpoint(unit.meter, address, SUNSPEC, AUXILIARY, device, lambda: island.source_reading(unit.meter))


def _curtailment(island: Island, unit: Unit) -> sunspec.Part:
    return Curtailment(lambda fraction: island.allow(unit.meter, fraction)).part()


def _billing_device(island: Island, unit: Unit, address: int) -> tuple[str, Device]:
    plain = _plain_map(unit)
    if plain:
        return plain, MappedDevice(plain)
    match unit.role:
        case Role.WIND:
            model, parts = "inverter-103", [sunspec.inverter("ABC", unit.rating_w), _curtailment(island, unit)]
        case Role.BATTERY:
            storage = sunspec.storage(round(CAPACITY_WH), unit.rating_w)
            model, parts = "storage-802", [storage, sunspec.meter("ABC", unit.rating_w)]
        case Role.FEEDER:
            model, parts = "meter-203", [sunspec.meter("ABC", unit.rating_w)]
        case _:
            model, parts = "meter-201", [sunspec.meter("A", unit.rating_w)]
    return SUNSPEC, sunspec.SunSpecDevice([sunspec.common(model, unit.meter, address), *parts])


def _plain_map(unit: Unit) -> str | None:
    if unit.role is Role.PILE:
        return "eastron_sdm630"
    if unit.role is Role.PURIFIER or unit.meter == "home-1":
        return "eastron_sdm120"
    return None
