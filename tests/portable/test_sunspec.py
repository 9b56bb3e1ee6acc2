"""SunSpec: discovery along a chain of models, and readings from their registers."""

from firmware.meter.plausibility import Nonsense
from firmware.meter.read_plan import Image
from firmware.meter.sunspec import SunSpecError, discover

LENGTHS = {1: 66, 101: 50, 103: 50, 111: 60, 124: 24, 201: 105, 203: 105, 802: 62}
ABSENT = 0x8000


def model(number, points):
    """A model's registers: id, length, and ``points`` by their offset; the others 0."""
    data = [0] * LENGTHS[number]
    for offset, value in points.items():
        data[offset] = value & 0xFFFF
    return [number, LENGTHS[number]] + data  # noqa: RUF005 - MicroPython unpacks no list displays


def inverter(number=101, w=0, w_sf=0, wh=0, wh_sf=0, dv=0, v_sf=-1, hz=0, hz_sf=-2):
    return model(number, {8: dv, 11: v_sf, 12: w, 13: w_sf, 14: hz, 15: hz_sf, 22: wh >> 16, 23: wh, 24: wh_sf})


def meter(number=203, w=0, w_sf=0, imp=0, exp=0, wh_sf=0):
    points = {13: -1, 15: -2, 16: w, 20: w_sf, 36: exp >> 16, 37: exp, 44: imp >> 16, 45: imp, 52: wh_sf}
    return model(number, points)


def image(*models, base=40000):
    """The registers of a device, by address."""
    data = [0x5375, 0x6E53]
    for registers in models:
        data += registers
    data += [0xFFFF, 0]
    return {base + index: value for index, value in enumerate(data)}


def read(registers, address, count):
    wanted = [registers.get(address + index) for index in range(count)]
    return None if None in wanted else tuple(wanted)


def search(registers):
    """The device that discovery finds in ``registers``."""
    search = discover()
    answer = None
    while True:
        try:
            _, address, count = search.send(answer)
        except StopIteration as found:
            return found.value
        answer = read(registers, address, count)


def reading(registers):
    device = search(registers)
    image = Image()
    for address, count in device.spans:
        image.add(address, read(registers, address, count))
    return device.decode(image)


def refused(registers):
    try:
        search(registers)
    except SunSpecError as error:
        return str(error)
    return None


COMMON = model(1, {})


def test_the_marker_is_found_at_all_three_bases():
    for base in (40000, 0, 50000):
        assert search(image(COMMON, inverter(), base=base)).spans == [(base + 2 + 68 + 2, 25)]


def test_an_inverter_that_gives_is_negative():
    values = reading(image(COMMON, inverter(w=1234, w_sf=0, wh=123456, dv=2301, hz=4998)))
    assert (values.w, values.import_wh, values.export_wh) == (-1234, 0, 123456)
    assert (values.dv, values.mhz, values.soc) == (2301, 49980, None)


def test_scale_factors_of_both_signs():
    values = reading(image(inverter(103, w=-123, w_sf=1, wh=56, wh_sf=2, dv=230, v_sf=0, hz=499, hz_sf=-1)))
    assert (values.w, values.export_wh, values.dv, values.mhz) == (1230, 5600, 2300, 49900)
    assert reading(image(inverter(w=1235, w_sf=-1))).w == -124


def test_a_meter_counts_both_ways():
    for number in (201, 203):
        values = reading(image(COMMON, meter(number, w=-500, imp=0x10002, exp=70000)))
        assert (values.w, values.import_wh, values.export_wh) == (-500, 65538, 70000)


def test_a_battery_behind_a_meter():
    soc = model(802, {9: 615, 54: -1})
    device = search(image(COMMON, meter(), soc))
    assert device.measures_energy
    assert reading(image(COMMON, meter(w=7), soc)).soc == 615
    assert reading(image(COMMON, meter(w=7), soc)).w == 7


def test_a_battery_alone_measures_no_energy():
    registers = image(COMMON, model(802, {9: 50, 54: 0}))
    assert not search(registers).measures_energy
    assert (reading(registers).soc, reading(registers).w, reading(registers).registers) == (500, None, None)


def test_a_meter_is_believed_rather_than_the_inverter_beside_it():
    registers = image(COMMON, inverter(w=9), meter(w=7, imp=5))
    assert len(search(registers).spans) == 1
    assert (reading(registers).w, reading(registers).import_wh) == (7, 5)


def test_what_is_not_implemented_is_none():
    assert reading(image(inverter(w=ABSENT))).w is None
    assert reading(image(inverter(w=5, w_sf=ABSENT))).w is None
    assert reading(image(inverter(dv=0xFFFF))).dv is None
    assert reading(image(inverter(wh=5, wh_sf=ABSENT))).registers is None
    assert reading(image(inverter(wh=5, wh_sf=11))).registers is None


def test_an_accumulator_that_has_not_counted_is_zero():
    assert reading(image(meter())).registers == (0, 0)


def test_foreign_models_are_passed():
    assert search(image(COMMON, [64999, 3, 1, 2, 3], inverter())).measures_energy


def test_a_search_that_fails_says_where():
    assert "no SunSpec marker" in refused({})
    assert "none of the models" in refused(image(COMMON))
    broken = image(COMMON, inverter())
    del broken[40070]
    assert "40070" in refused(broken)
    assert "65000 registers" in refused(image([7, 65000, 1, 2]))
    assert "more than 64" in refused(
        {address: 0x5375 if address == 0 else 0x6E53 if address == 1 else 0 for address in range(999)}
    )


def test_float_models():
    data = model(111, {})
    for offset, high, low in ((14, 0x4366, 0), (20, 0x449A, 0x5000), (22, 0x4248, 0), (30, 0x4996, 0xB430)):
        data[2 + offset], data[3 + offset] = high, low
    values = reading(image(COMMON, data))
    # 230.0 V, 1234.5 W, 50.0 Hz, 1234566.0 Wh
    assert (values.dv, values.w, values.mhz, values.export_wh) == (2300, -1234, 50000, 1234566)
    assert values.wraps == (None, None)
    data[2 + 20], data[3 + 20] = 0x7FC0, 0
    assert reading(image(COMMON, data)).w is None


def test_the_state_of_charge_of_basic_storage_only_where_there_is_no_battery_model():
    basic = model(124, {6: 87, 20: 0})
    assert reading(image(COMMON, inverter(), basic)).soc == 870
    assert reading(image(COMMON, basic, model(802, {9: 50, 54: 0}))).soc == 500
    assert len(search(image(COMMON, basic, model(802, {}))).spans) == 1


def test_where_an_accumulator_starts_again():
    assert reading(image(COMMON, inverter(wh=1, wh_sf=0))).wraps == (None, 1 << 32)
    assert reading(image(COMMON, meter(wh_sf=1))).wraps == (10 << 32, 10 << 32)


def test_nonsense_is_no_reading():
    for bad in (
        inverter(hz=7001),
        inverter(dv=20001),
        model(101, {0: 10, 4: 0, 8: 2300, 11: -1, 12: 5000, 13: 0, 14: 5000, 15: -2, 24: 0}),
        model(203, {0: -10, 4: 0, 6: 2300, 13: -1, 15: -2, 16: -5000, 20: 0, 52: 0}),
    ):
        try:
            reading(image(COMMON, bad))
        except Nonsense:
            continue
        raise AssertionError(bad)


def test_power_is_checked_only_where_current_is_measured():
    assert reading(image(COMMON, model(101, {0: 0, 4: 0, 8: 2300, 11: -1, 12: 5000, 13: 0, 15: -2, 24: 0}))).w == -5000
    # 22 A in whole amperes: 21.5 A are enough for 5,000 W
    assert reading(image(COMMON, model(101, {0: 22, 4: 0, 8: 2300, 11: -1, 12: 5000, 13: 0, 15: -2, 24: 0}))).w == -5000
