"""Where SunSpec models keep what we read. Data only.

Sources: the SunSpec Alliance's model definitions 101-103, 111-113, 124, 201-204, 211-214 and 802.

name of the value: (offset, type, offset of the scale factor or None, decimal places of the reading's unit, sign). Offsets
count from the first register after the model's id and length. ``ma`` is the current of all phases in milliamperes.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    Layout = dict[str, tuple[int, str, int | None, int, int]]

_INVERTER: "Layout" = {
    "w": (12, "int16", 13, 0, -1),  # an inverter's W is positive when it produces
    "export_wh": (22, "acc32", 24, 0, 1),
    "dv": (8, "uint16", 11, 1, 1),
    "ma": (0, "uint16", 4, 3, 1),
    "mhz": (14, "uint16", 15, 3, 1),
}
_METER: "Layout" = {
    "w": (16, "int16", 20, 0, 1),
    "import_wh": (44, "acc32", 52, 0, 1),
    "export_wh": (36, "acc32", 52, 0, 1),
    "dv": (6, "int16", 13, 1, 1),
    "ma": (0, "int16", 4, 3, 1),
    "mhz": (14, "int16", 15, 3, 1),
}
_FLOAT_INVERTER: "Layout" = {
    "w": (20, "float32", None, 0, -1),
    "export_wh": (30, "float32", None, 0, 1),
    "dv": (14, "float32", None, 1, 1),
    "ma": (0, "float32", None, 3, 1),
    "mhz": (22, "float32", None, 3, 1),
}
_FLOAT_METER: "Layout" = {
    "w": (26, "float32", None, 0, 1),
    "import_wh": (66, "float32", None, 0, 1),
    "export_wh": (58, "float32", None, 0, 1),
    "dv": (10, "float32", None, 1, 1),
    "ma": (0, "float32", None, 3, 1),
    "mhz": (24, "float32", None, 3, 1),
}
_STORAGE: "Layout" = {"soc": (6, "uint16", 20, 1, 1)}
_BATTERY: "Layout" = {"soc": (9, "uint16", 54, 1, 1)}

# What a device may offer twice: of one kind the first in the chain is read, or the one that measures more.
INVERTER, METER, STORAGE, BATTERY = range(4)
LAYOUTS = {
    101: (INVERTER, _INVERTER),
    102: (INVERTER, _INVERTER),
    103: (INVERTER, _INVERTER),
    111: (INVERTER, _FLOAT_INVERTER),
    112: (INVERTER, _FLOAT_INVERTER),
    113: (INVERTER, _FLOAT_INVERTER),
    124: (STORAGE, _STORAGE),
    201: (METER, _METER),
    202: (METER, _METER),
    203: (METER, _METER),
    204: (METER, _METER),
    211: (METER, _FLOAT_METER),
    212: (METER, _FLOAT_METER),
    213: (METER, _FLOAT_METER),
    214: (METER, _FLOAT_METER),
    802: (BATTERY, _BATTERY),
}
RANGES = {"dv": (0, 20_000), "mhz": (0, 70_000), "soc": (0, 1000)}
