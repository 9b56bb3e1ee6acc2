"""Numbers in Modbus registers: the types of plain register maps and of SunSpec.

Plain types (u16, s16, u32, s32, u64, s64) take every bit pattern as a number. SunSpec's types keep one pattern for "not
implemented" (SunSpec Device Information Model Specification 1.1, section 4, point types; 16-bit registers, high word first).
"""

import struct

from .fields import RangeError

# name: (registers, signed, the pattern that means "not implemented")
_INTEGERS = {
    "u16": (1, False, None),
    "s16": (1, True, None),
    "u32": (2, False, None),
    "s32": (2, True, None),
    "u64": (4, False, None),
    "s64": (4, True, None),
    "uint16": (1, False, 0xFFFF),
    "int16": (1, True, 0x8000),
    "sunssf": (1, True, 0x8000),
    "acc16": (1, False, 0),
    "enum16": (1, False, 0xFFFF),
    "bitfield16": (1, False, 0xFFFF),
    "uint32": (2, False, 0xFFFFFFFF),
    "int32": (2, True, 0x80000000),
    "acc32": (2, False, 0),
    "enum32": (2, False, 0xFFFFFFFF),
    "bitfield32": (2, False, 0xFFFFFFFF),
    "uint64": (4, False, 0xFFFFFFFFFFFFFFFF),
    "int64": (4, True, 0x8000000000000000),
    "acc64": (4, False, 0),
}
_FLOATS = {"float32": (2, ">f"), "float64": (4, ">d")}


def width(type: str) -> int:
    """Registers that a value of ``type`` fills: 1, 2 or 4. RangeError for a type that is not in the tables."""
    if type in _INTEGERS:
        return _INTEGERS[type][0]
    if type in _FLOATS:
        return _FLOATS[type][0]
    raise RangeError(f"there is no register type {type!r}")


def modulus(type: str) -> "int | None":
    """At which value a counter of ``type`` starts at 0 again; None for floats, which only lose digits."""
    if type in _FLOATS:
        return None
    return 1 << 16 * width(type) - _INTEGERS[type][1]


def decode(
    registers: "tuple[int, ...] | list[int]", offset: int, type: str, words: str = "big", absent: "int | None" = None
) -> "int | float | None":
    """The value at ``offset`` in ``registers`` (each 0..65,535), None if the device marks it as not implemented.

    ``words`` is "big" if the high register comes first, as SunSpec and most devices have it, else "little". ``absent`` is the
    device's own bit pattern for "not implemented", if it has one. A float's is NaN, whichever device sends it; infinity,
    which is no measurement either, reads the same. A SunSpec accumulator marks it with 0: one that its model makes
    mandatory has then just not counted yet.

    RangeError if the type is not known or the value does not lie wholly within ``registers``. On a board whose floats are
    single precision, float64 loses digits.
    """
    count = width(type)
    if not 0 <= offset <= len(registers) - count:
        raise RangeError(f"{type} at {offset} does not lie within {len(registers)} registers")
    bits = 0
    for i in range(count):
        bits = bits << 16 | registers[offset + (i if words == "big" else count - 1 - i)]
    if bits == absent:
        return None
    if type in _FLOATS:
        return _float(bits, *_FLOATS[type])
    return _integer(bits, *_INTEGERS[type])


def _integer(bits: int, count: int, signed: bool, absent: "int | None") -> "int | None":
    if bits == absent:
        return None
    if signed and bits >> (16 * count - 1):
        return bits - (1 << 16 * count)
    return bits


def _float(bits: int, count: int, format: str) -> "float | None":
    value: float = struct.unpack(format, bits.to_bytes(2 * count, "big"))[0]
    # NaN and both infinities are the floats whose difference from themselves is not 0
    return value if value - value == 0 else None
