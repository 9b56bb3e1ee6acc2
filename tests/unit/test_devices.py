"""Register images, decoded here a second time from the published tables and not by the code that made them."""

import struct

import pytest

from hil.devices import sunspec
from hil.devices.registers import MapError, MappedDevice, Point
from hil.plant.island import Reading

PRODUCING = Reading(w=-12_345, import_wh=1_111_111, export_wh=4_567_890, dv=2317, mhz=50_021)
TAKING = Reading(w=4_321, import_wh=70_001, export_wh=0, dv=2294, mhz=49_987)


def device(*parts: sunspec.Part) -> sunspec.SunSpecDevice:
    return sunspec.SunSpecDevice([sunspec.common("model", "serial-1", 7), *parts])


def models(registers: list[int]) -> dict[int, list[int]]:
    """Walk the chain by ids and lengths alone (SunSpec Device Information Model, section 6)."""
    assert struct.pack(">2H", *registers[:2]) == b"SunS"
    found: dict[int, list[int]] = {}
    at = 2
    while registers[at] != 0xFFFF:
        length = registers[at + 1]
        found[registers[at]] = registers[at : at + 2 + length]
        at += 2 + length
    assert registers[at:] == [0xFFFF, 0]
    return found


def signed(register: int) -> int:
    return register - 0x10000 if register & 0x8000 else register


def wide(registers: list[int], offset: int) -> int:
    return registers[offset] << 16 | registers[offset + 1]


def test_common_model_names_the_device() -> None:
    registers = models(device(sunspec.inverter("A", 5_000)).image(PRODUCING))[1]
    text = struct.pack(f">{len(registers)}H", *registers)
    assert registers[:2] == [1, 66]
    assert text[4:36].rstrip(b"\0") == b"skerry-rig"
    assert text[36:68].rstrip(b"\0") == b"model"
    assert text[100:132].rstrip(b"\0") == b"serial-1"
    assert registers[66] == 7


@pytest.mark.parametrize(("phases", "number"), [("A", 101), ("ABC", 103)])
def test_inverter_power_is_positive_when_it_produces(phases: str, number: int) -> None:
    registers = models(device(sunspec.inverter(phases, 20_000)).image(PRODUCING))[number]
    assert registers[:2] == [number, 50]
    assert (signed(registers[14]), signed(registers[15])) == (12_345, 0)
    assert (registers[16], signed(registers[17])) == (5002, -2)
    assert (wide(registers, 24), signed(registers[26])) == (4_567_890, 0)
    assert registers[10 : 10 + len(phases)] == [2317] * len(phases)
    assert (registers[2], signed(registers[6])) == (533, -1)
    assert registers[38] == 4


def test_an_idle_inverter_sleeps() -> None:
    idle = Reading(w=0, import_wh=0, export_wh=5, dv=2300, mhz=50_000)
    assert models(device(sunspec.inverter("A", 5_000)).image(idle))[101][38] == 2


@pytest.mark.parametrize(("phases", "number"), [("A", 201), ("ABC", 203)])
@pytest.mark.parametrize("reading", [PRODUCING, TAKING])
def test_meter_power_is_positive_on_import(phases: str, number: int, reading: Reading) -> None:
    registers = models(device(sunspec.meter(phases, 30_000)).image(reading))[number]
    assert registers[:2] == [number, 105]
    assert (signed(registers[18]), signed(registers[22])) == (reading.w, 0)
    assert (wide(registers, 38), wide(registers, 46)) == (reading.export_wh, reading.import_wh)
    assert signed(registers[54]) == 0
    assert (registers[16], signed(registers[17])) == (round(reading.mhz / 10), -2)
    assert (registers[8], signed(registers[15])) == (reading.dv, -1)


@pytest.mark.parametrize(("rating_w", "sf"), [(5_000, 0), (32_767, 0), (32_768, 1), (138_500, 1), (1_083_500, 2)])
def test_a_large_feeder_scales_its_power(rating_w: int, sf: int) -> None:
    reading = Reading(w=-rating_w, import_wh=1, export_wh=1, dv=2300, mhz=50_000)
    registers = models(device(sunspec.meter("ABC", rating_w)).image(reading))[203]
    assert signed(registers[22]) == sf
    assert signed(registers[18]) * 10**sf == pytest.approx(-rating_w, abs=10**sf / 2)
    assert signed(registers[2]) * 10 ** signed(registers[6]) == pytest.approx(-rating_w / 230, rel=0.01)


def test_storage_shows_its_charge_in_tenths_of_a_percent() -> None:
    reading = Reading(w=-8_000, import_wh=1, export_wh=2, dv=2300, mhz=50_000, soc=503)
    chain = models(device(sunspec.storage(60_000, 30_000), sunspec.meter("ABC", 30_000)).image(reading))
    assert list(chain) == [1, 802, 203]
    storage = chain[802]
    assert storage[:6] == [802, 62, 150, 60_000, 30_000, 30_000]
    assert (storage[11], signed(storage[56])) == (503, -1)
    assert storage[16] == 3
    assert signed(storage[47]) == -8_000


def test_points_that_the_rig_has_not_carry_their_sentinels() -> None:
    inverter = models(device(sunspec.inverter("A", 5_000)).image(PRODUCING))[101]
    uint16, int16, sunssf = 0xFFFF, 0x8000, 0x8000
    assert inverter[4:6] == [uint16, uint16]
    assert inverter[18:20] == [int16, sunssf]
    assert inverter[39] == uint16
    meter = models(device(sunspec.meter("A", 5_000)).image(PRODUCING))[201]
    assert meter[9:11] == [int16, int16]
    assert wide(meter, 40) == 0


def test_energy_span_covers_the_energy_registers() -> None:
    assert device(sunspec.inverter("ABC", 20_000)).energy == (40_094, 2)
    assert device(sunspec.meter("A", 5_000)).energy == (40_108, 10)
    assert MappedDevice("eastron_sdm120").energy == (72, 4)


@pytest.mark.parametrize(("name", "power", "current"), [("eastron_sdm120", 0x000C, 0x0006), ("eastron_sdm630", 0x0034, 0x0030)])
def test_eastron_registers_are_big_endian_floats(name: str, power: int, current: int) -> None:
    plain = MappedDevice(name)
    registers = plain.image(TAKING)
    expected = {0x0000: 229.4, current: 18.836, power: 4321.0, 0x0046: 49.987, 0x0048: 70.001, 0x004A: 0.0}
    assert (plain.function, plain.first, len(registers)) == (4, 0, 0x4C)
    for address, value in expected.items():
        (decoded,) = struct.unpack(">f", struct.pack(">2H", *registers[address : address + 2]))
        assert decoded == pytest.approx(value, rel=1e-6)
    named = {address + i for address in expected for i in (0, 1)}
    assert all(register == 0 for address, register in enumerate(registers) if address not in named)


def test_float32_kilowatt_hours_decode_to_the_very_watt_hour() -> None:
    point = Point(addresses=(72,), format=">f", scale_num=1000, scale_den=1, little=False)
    for wh in [*range(2_000), *range(2_000, 16_000_000, 997), *range(15_998_000, 16_000_000)]:
        (raw,) = struct.unpack(">f", struct.pack(">2H", *point.encode(wh)[0]))
        assert round(raw * 1000 / 1) == wh


@pytest.mark.parametrize(
    ("format_", "little", "registers"),
    [
        (">H", False, [1234]),
        (">i", False, [0, 1234]),
        (">I", True, [1234, 0]),
        (">Q", False, [0, 0, 0, 1234]),
        (">Q", True, [1234, 0, 0, 0]),
    ],
)
def test_other_types_and_word_orders(format_: str, little: bool, registers: list[int]) -> None:
    assert Point(addresses=(0,), format=format_, scale_num=10, scale_den=1, little=little).encode(12_340) == [registers]


def test_phases_share_a_value_out() -> None:
    point = Point(addresses=(0, 2, 4), format=">h", scale_num=1, scale_den=1, little=False)
    assert point.encode(-100) == [[0x10000 - 32], [0x10000 - 34], [0x10000 - 34]]


def test_a_missing_map_is_named() -> None:
    with pytest.raises(MapError, match=r"firmware/maps/nowhere\.json"):
        MappedDevice("nowhere")
