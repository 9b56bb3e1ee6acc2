"""Register maps: what is read, how it is scaled, and which files are refused."""

import json
import struct

from firmware.meter.device_map import DeviceMap, MapError

ROOT = __file__.rpartition("tests/portable/")[0]


def point(address, type, numerator=1, denominator=1):
    return {"address": address, "type": type, "scale_num": numerator, "scale_den": denominator, "unit": "?"}


def document(**points):
    return {"device": "d", "document": "m", "function": 3, "points": points}


def floats(*values):
    data = b"".join([struct.pack(">f", value) for value in values])
    return tuple([data[i] << 8 | data[i + 1] for i in range(0, len(data), 2)])


def test_neighbours_are_read_together_and_nothing_between():
    map = DeviceMap(document(w=point(4, "s32"), dv=point(0, "u16"), import_wh=point(6, "u32"), mhz=point(1, "u16")))
    assert map.reads == [(3, 0, 2), (3, 4, 4)]
    assert not map.measures_energy


def test_a_read_has_at_most_125_registers():
    points = {"w": point(0, "u64"), "dv": point(4, "u16")}
    assert DeviceMap(document(**points)).reads == [(3, 0, 5)]
    names = ("w", "import_wh", "export_wh", "dv", "mhz", "soc")
    wide = {name: point(4 * index, "u64") for index, name in enumerate(names)}
    assert DeviceMap(document(**wide)).reads == [(3, 0, 24)]


def test_integers_are_scaled_and_rounded():
    map = DeviceMap(document(w=point(0, "s16", -1, 10), dv=point(1, "u16", 10), export_wh=point(2, "u32", 10)))
    reading = map.decode([(0xFFFF - 24, 230, 1, 2)])
    assert (reading.w, reading.dv, reading.export_wh) == (3, 2300, 655380)
    assert (reading.import_wh, reading.mhz, reading.soc) == (None, None, None)


def test_the_shipped_sdm120():
    with open(ROOT + "firmware/maps/eastron_sdm120.json") as file:
        map = DeviceMap(json.load(file))
    assert map.measures_energy
    assert map.reads == [(4, 0, 2), (4, 12, 2), (4, 70, 6)]
    reading = map.decode([floats(230.1), floats(-1500.4), floats(49.98, 1234.567, 0.25)])
    assert (reading.dv, reading.w, reading.mhz) == (2301, -1500, 49980)
    assert (reading.import_wh, reading.export_wh) == (1234567, 250)


def test_not_a_number_is_none():
    map = DeviceMap(document(w=point(0, "float32")))
    assert map.decode([(0x7FC0, 0)]).w is None


def test_bad_maps_are_refused():
    good = point(0, "u16")
    for bad in (
        {},
        document(),
        {"function": 6, "points": {"w": good}},
        document(watts=good),
        document(w=point(0, "u12")),
        document(w=point(-1, "u16")),
        document(w=point(0, "u16", 1, 0)),
        document(w=point(0, "u16", 1.5)),
        document(w={"address": 0, "type": "u16"}),
    ):
        try:
            DeviceMap(bad)
        except MapError:
            continue
        raise AssertionError(bad)
