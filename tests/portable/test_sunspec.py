"""SunSpec: discovery along a chain of models, and readings from their registers."""

from firmware.meter.sunspec import SunSpecError, discover

LENGTHS = {1: 66, 101: 50, 103: 50, 201: 105, 203: 105, 802: 62}
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
    return device.decode([read(registers, address, count) for _, address, count in device.reads])


def refused(registers):
    try:
        search(registers)
    except SunSpecError as error:
        return str(error)
    return None


COMMON = model(1, {})


def test_the_marker_is_found_at_all_three_bases():
    for base in (40000, 0, 50000):
        assert search(image(COMMON, inverter(), base=base)).reads == [(3, base + 2 + 68 + 2 + 8, 17)]


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
    assert len(search(registers).reads) == 1
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
