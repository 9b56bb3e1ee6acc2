"""Every map we ship and every SunSpec model we read, against the rig's image of it: what went in comes out.

The rig lays SunSpec images out with the Alliance's own model files; the firmware has its own table of offsets.
"""

import json
from pathlib import Path

import pytest

from firmware.meter.config import Bus
from firmware.meter.device_map import DeviceMap
from firmware.meter.plausibility import Nonsense
from firmware.meter.read_plan import Image, cost_on, plan
from firmware.meter.reading import Reading as MeterReading
from firmware.meter.sunspec import SunSpecDevice, discover
from hil.devices import sunspec
from hil.devices.device import Device
from hil.devices.registers import MappedDevice
from hil.plant.island import Reading

MAPS = sorted((Path(__file__).parents[2] / "firmware" / "maps").glob("*.json"))
NAMES = [path.stem for path in MAPS]
LINES = [Bus("rtu", baud=9600), Bus("rtu", baud=115200), Bus("tcp")]
GIVING = Reading(w=-12_340, import_wh=1_111_100, export_wh=4_567_800, dv=2317, mhz=50_000, soc=500)
TAKING = Reading(w=4_321, import_wh=70_000, export_wh=0, dv=2294, mhz=49_900, soc=30)
GENERATORS = {"growatt_mid", "growatt_min", "huawei_sun2000"}
# values of the device in coarser steps than ours
COARSE = {"import_wh": 1000, "export_wh": 1000, "mhz": 100, "soc": 10, "w": 60}

INVERTERS = {101: "A", 102: "AB", 103: "ABC", 111: "A", 112: "AB", 113: "ABC"}
METERS = {201: "A", 202: "AB", 203: "ABC", 204: "ABC", 211: "A", 212: "AB", 213: "ABC", 214: "ABC"}


def load(name: str) -> DeviceMap:
    path = next(path for path in MAPS if path.stem == name)
    return DeviceMap(json.loads(path.read_text(encoding="utf-8")))


def read(model: DeviceMap | SunSpecDevice, device: Device, reading: Reading, bus: Bus) -> MeterReading:
    """What the meter makes of the device's registers when it reads them as it does on ``bus``."""
    assert model.function == device.function
    registers = device.image(reading)
    image = Image()
    for address, count in plan(model.spans, cost_on(bus), model.limit, model.bridge):
        assert count <= model.limit
        start = address - device.first
        assert 0 <= start <= start + count <= len(registers)
        image.add(address, tuple(registers[start : start + count]))
    return model.decode(image)


def find(device: Device) -> SunSpecDevice:
    """The device that discovery finds behind the rig's image."""
    registers = device.image(GIVING)
    search = discover()
    answer: tuple[int, ...] | None = None
    while True:
        try:
            _, address, count = search.send(answer)
        except StopIteration as found:
            model: SunSpecDevice = found.value
            return model
        start = address - device.first
        answer = tuple(registers[start : start + count]) if 0 <= start < len(registers) else None


def image_of(*parts: sunspec.Part) -> sunspec.SunSpecDevice:
    return sunspec.SunSpecDevice([sunspec.common("model", "serial-1", 1), *parts])


@pytest.mark.parametrize("bus", LINES, ids=lambda bus: f"{bus.kind}-{bus.baud}")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shown", [GIVING, TAKING], ids=["giving", "taking"])
def test_the_meter_reads_what_the_device_shows(name: str, bus: Bus, shown: Reading) -> None:
    if name in GENERATORS and shown is TAKING:
        shown = Reading(w=0, import_wh=0, export_wh=4_567_800, dv=2294, mhz=49_900)
    model = load(name)
    read_back = read(model, MappedDevice(name), shown, bus)
    points = set(json.loads((MAPS[0].parent / f"{name}.json").read_text(encoding="utf-8"))["points"])
    for quantity in points - {"ma"}:
        value, expected = getattr(read_back, quantity), getattr(shown, quantity)
        assert value == pytest.approx(expected, abs=COARSE.get(quantity, 1)), quantity
    if model.measures_energy and name in GENERATORS:
        assert read_back.import_wh == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_device_that_answers_nothing_but_ones_is_not_believed(name: str) -> None:
    model = load(name)
    image = Image()
    for address, count in model.spans:
        image.add(address, (0xFFFF,) * count)
    try:
        reading = model.decode(image)
    except Nonsense:
        return
    assert reading.registers is None
    assert reading.soc is None


@pytest.mark.parametrize("path", MAPS, ids=NAMES)
def test_every_map_names_its_device_and_document(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["device"].split()[0].lower() == path.stem.split("_")[0]
    assert len(document["document"]) > 20
    assert "w" in document["points"]
    limited = {name for name, point in document["points"].items() if "range" in point or name.endswith("_wh")}
    assert limited == set(document["points"])


def test_every_kind_of_device_has_a_map() -> None:
    assert {name.split("_")[0] for name in NAMES} == {"carlo", "eastron", "growatt", "huawei", "pylontech", "victron"}


@pytest.mark.parametrize("number", INVERTERS)
def test_sunspec_inverters(number: int) -> None:
    phases = INVERTERS[number]
    part = sunspec.inverter(phases, 20_000) if number < 110 else sunspec.float_inverter(phases)
    assert part.model == number
    device = image_of(part)
    reading = read(find(device), device, GIVING, LINES[0])
    assert (reading.w, reading.registers) == (-12_340, (0, 4_567_800))
    assert (reading.dv, reading.mhz, reading.soc) == (2317, 50_000, None)


@pytest.mark.parametrize("number", METERS)
@pytest.mark.parametrize("shown", [GIVING, TAKING], ids=["giving", "taking"])
def test_sunspec_meters(number: int, shown: Reading) -> None:
    phases, delta = METERS[number], number in {204, 214}
    part = sunspec.meter(phases, 30_000, delta) if number < 210 else sunspec.float_meter(phases, delta)
    assert part.model == number
    device = image_of(part)
    reading = read(find(device), device, shown, LINES[0])
    assert (reading.w, reading.registers) == (shown.w, (shown.import_wh, shown.export_wh))
    assert (reading.dv, reading.mhz) == (shown.dv, shown.mhz)


def test_sunspec_batteries() -> None:
    for part in (sunspec.basic_storage(30_000), sunspec.storage(60_000, 30_000)):
        device = image_of(part, sunspec.meter("ABC", 30_000))
        reading = read(find(device), device, GIVING, LINES[0])
        assert (reading.soc, reading.w) == (500, -12_340), part.model


def test_a_battery_and_its_meter_are_read_in_one_request() -> None:
    model = find(image_of(sunspec.storage(60_000, 30_000), sunspec.meter("ABC", 30_000)))
    for bus in LINES:
        assert len(plan(model.spans, cost_on(bus), model.limit, model.bridge)) == 1
