"""Register maps: what is read, how it is scaled, what is believed, and which files are refused."""

import json
import struct

from firmware.meter.device_map import DeviceMap
from firmware.meter.map_entry import MapError
from firmware.meter.plausibility import Nonsense
from firmware.meter.read_plan import Image

ROOT = __file__.rpartition("tests/portable/")[0]


def point(address, type, numerator=1, denominator=1, **more):
    entry = {"address": address, "type": type, "scale_num": numerator, "scale_den": denominator, "unit": "?"}
    entry.update(more)
    return entry


def document(rules=None, **points):
    map = {"device": "d", "document": "m", "function": 3, "points": points}
    map.update(rules or {})
    return map


def shipped(name):
    with open(ROOT + "firmware/maps/" + name + ".json") as file:
        return DeviceMap(json.load(file))


def image(*blocks):
    """An image of (address, registers)."""
    image = Image()
    for address, registers in blocks:
        image.add(address, tuple(registers))
    return image


def floats(*values):
    data = b"".join([struct.pack(">f", value) for value in values])
    return tuple([data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)])


def refusal(map, image):
    try:
        map.decode(image)
    except Nonsense as error:
        return str(error)
    return None


def test_spans_and_limits():
    map = DeviceMap(document({"max_registers": 11, "bridge": False}, w=point(4, "s32"), dv=point([0, 9], "u16")))
    assert sorted(map.spans) == [(0, 1), (4, 2), (9, 1)]
    assert (map.function, map.limit, map.bridge, map.measures_energy) == (3, 11, False, False)
    plain = DeviceMap(document(export_wh=point(0, "u32")))
    assert (plain.limit, plain.bridge, plain.measures_energy) == (125, True, True)


def test_integers_are_scaled_and_rounded():
    map = DeviceMap(document(w=point(0, "s16", -1, 10), dv=point(1, "u16", 10), export_wh=point(2, "u32", 10)))
    reading = map.decode(image((0, (0xFFFF - 24, 230, 1, 2))))
    assert (reading.w, reading.dv, reading.export_wh) == (3, 2300, 655380)
    assert (reading.mhz, reading.soc) == (None, None)


def test_a_generator_imports_nothing():
    assert DeviceMap(document(export_wh=point(0, "u16"))).decode(image((0, (5,)))).registers == (0, 5)
    assert DeviceMap(document(import_wh=point(0, "u16"))).decode(image((0, (5,)))).registers is None


def test_the_shipped_sdm120():
    map = shipped("eastron_sdm120")
    assert map.measures_energy
    registers = floats(230.1, 0, 0, 6.6, 0, 0, -1500.4)
    reading = map.decode(image((0, registers), (70, floats(49.98, 1234.567, 0.25))))
    assert (reading.dv, reading.w, reading.mhz) == (2301, -1500, 49980)
    assert reading.registers == (1234567, 250)


def test_phases_are_summed_up_and_an_absent_one_makes_the_sum_absent():
    map = DeviceMap(document(w=point([0, 2, 4], "s32", 1, 10, words="little", absent="7FFFFFFF")))
    assert map.decode(image((0, (100, 0, 0xFFCE, 0xFFFF, 25, 0)))).w == 8
    assert map.decode(image((0, (100, 0, 0xFFFF, 0x7FFF, 25, 0)))).w is None


def test_a_product_of_two_points():
    product = {"product": ["dv", "ma"], "scale_num": 1, "scale_den": 10000, "unit": "W"}
    map = DeviceMap(document(w=product, dv=point(0, "u16"), ma=point(1, "s16", 100, absent="8000")))
    assert map.decode(image((0, (520, 0xFFFF - 99)))).w == -520
    assert map.decode(image((0, (520, 0x8000)))).w is None


def test_not_a_number_is_none():
    map = DeviceMap(document(w=point(0, "float32")))
    assert map.decode(image((0, (0x7FC0, 0)))).w is None


def test_wide_registers():
    map = DeviceMap(document(import_wh=point(0, "u64"), export_wh=point(4, "u64", words="little"), w=point(8, "s64")))
    reading = map.decode(image((0, (0, 1, 0, 2, 3, 0, 1, 0, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE))))
    assert (reading.registers, reading.w) == ((0x100000002, 0x100000003), -2)


def test_a_value_outside_its_range_is_nonsense_and_so_is_the_whole_reading():
    map = DeviceMap(document(w=point(0, "s16", range=[-100, 100]), import_wh=point(1, "u16")))
    assert refusal(map, image((0, (100, 7)))) is None
    assert refusal(map, image((0, (101, 7)))) == "w 101 is outside -100..100"
    assert refusal(map, image((0, (0xFF00, 7)))) == "w -256 is outside -100..100"


def test_more_power_than_volts_times_amperes_is_nonsense():
    rules = {"apparent": {"percent": 120, "floor_va": 100}}
    map = DeviceMap(document(rules, w=point(0, "s16"), dv=point(1, "u16"), ma=point(2, "u16", 100, absent="FFFF")))
    # 230 V, 10 A: 2300 VA, 2760 with a fifth more
    assert refusal(map, image((0, (2860, 2300, 100)))) is None
    assert "2861" in refusal(map, image((0, (2861, 2300, 100))))
    assert "-5000" in refusal(map, image((0, (0x10000 - 5000, 2300, 100))))
    assert refusal(map, image((0, (100, 2300, 0)))) is None
    assert refusal(map, image((0, (5000, 2300, 0xFFFF)))) is None


def test_where_an_energy_register_starts_again():
    map = DeviceMap(document(import_wh=point(0, "u16", 10), export_wh=point(1, "u32", 100)))
    assert map.decode(image((0, (1, 0, 2)))).wraps == (655360, 429496729600)
    map = DeviceMap(document(import_wh=point(0, "float32", 1000), export_wh=point([2, 3], "u16")))
    assert map.decode(image((0, (0, 0, 1, 2)))).wraps == (None, None)


def test_bad_maps_are_refused():
    good = point(0, "u16")
    for bad in (
        [],
        {},
        document(),
        {"device": "d", "document": "m", "function": 6, "points": {"w": good}},
        {"document": "m", "function": 3, "points": {"w": good}},
        {"device": "d", "function": 3, "points": {"w": good}},
        document({"max_registers": 126}, w=good),
        document({"colour": 1}, w=good),
        document({"apparent": {"percent": 120, "floor_va": 1}}, w=good),
        document({"apparent": {"percent": 120}}, w=good, dv=good, ma=good),
        document(watts=good),
        document(w=point(0, "u12")),
        document(w=point(-1, "u16")),
        document(w=point([], "u16", 1.0)),
        document(w=point(0, "u16", 1, 0)),
        document(w=point(0, "u16", 1.5)),
        document(w=point(0, "u16", words="middle")),
        document(w=point(0, "u16", absent="FFFG")),
        document(w=point(0, "u16", absent=65535)),
        document(w=point(0, "u16", range=[5])),
        document(w=point(0, "u16", range=[5, 5])),
        document(w=point(0, "u16", typo=1)),
        document(w={"address": 0, "type": "u16"}),
        document(w={"product": ["dv", "ma"], "scale_num": 1, "scale_den": 1, "unit": "W"}, dv=good),
        document(w={"product": ["dv"], "scale_num": 1, "scale_den": 1, "unit": "W"}, dv=good),
    ):
        try:
            DeviceMap(bad)
        except MapError:
            continue
        raise AssertionError(bad)
