from firmware.wire import registers
from firmware.wire.fields import RangeError


def refuses(call, *arguments):
    try:
        call(*arguments)
    except RangeError:
        return True
    return False


def words(hexadecimal):
    return tuple([int(hexadecimal[i : i + 4], 16) for i in range(0, len(hexadecimal), 4)])


# type, registers, value
VALUES = (
    ("u16", "ffff", 65535),
    ("s16", "8000", -32768),
    ("s16", "7fff", 32767),
    ("u32", "ffffffff", 0xFFFFFFFF),
    ("s32", "80000000", -0x80000000),
    ("s32", "fffffffe", -2),
    ("u64", "ffffffffffffffff", (1 << 64) - 1),
    ("s64", "8000000000000000", -(1 << 63)),
    ("uint16", "fffe", 65534),
    ("int16", "8001", -32767),
    ("sunssf", "fffe", -2),
    ("acc16", "0001", 1),
    ("enum16", "0004", 4),
    ("bitfield16", "8000", 0x8000),
    ("uint32", "00012345", 0x12345),
    ("int32", "ffff0000", -65536),
    ("acc32", "ffffffff", 0xFFFFFFFF),
    ("enum32", "00000001", 1),
    ("bitfield32", "80000000", 0x80000000),
    ("uint64", "0123456789abcdef", 0x0123456789ABCDEF),
    ("int64", "ffffffffffffffff", -1),
    ("acc64", "0000000000000001", 1),
    ("float32", "43660000", 230.0),
    ("float32", "c1480000", -12.5),
    ("float32", "00000000", 0.0),
    ("float64", "406cc00000000000", 230.0),
)
NOT_IMPLEMENTED = (
    ("uint16", "ffff"),
    ("int16", "8000"),
    ("sunssf", "8000"),
    ("acc16", "0000"),
    ("enum16", "ffff"),
    ("bitfield16", "ffff"),
    ("uint32", "ffffffff"),
    ("int32", "80000000"),
    ("acc32", "00000000"),
    ("enum32", "ffffffff"),
    ("bitfield32", "ffffffff"),
    ("uint64", "ffffffffffffffff"),
    ("int64", "8000000000000000"),
    ("acc64", "0000000000000000"),
    ("float32", "7fc00000"),
    ("float32", "ffc00001"),
    ("float32", "7f800000"),
    ("float32", "ff800000"),
    ("float64", "7ff8000000000000"),
)


def test_values():
    for type, hexadecimal, value in VALUES:
        assert registers.decode(words(hexadecimal), 0, type) == value, type


def test_not_implemented():
    for type, hexadecimal in NOT_IMPLEMENTED:
        assert registers.decode(words(hexadecimal), 0, type) is None, type


def test_low_word_first():
    for type, hexadecimal, value in VALUES:
        assert registers.decode(list(reversed(words(hexadecimal))), 0, type, "little") == value, type


def test_a_value_among_others():
    image = (1, 2, 0x4366, 0, 3)
    assert registers.decode(image, 2, "float32") == 230.0
    assert registers.decode(list(image), 4, "u16") == 3


def test_width():
    for type, hexadecimal, _ in VALUES:
        assert registers.width(type) == len(hexadecimal) // 4


def test_values_not_wholly_there():
    assert refuses(registers.decode, (1, 2), 1, "u32")
    assert refuses(registers.decode, (1, 2), -1, "u16")
    assert refuses(registers.decode, (), 0, "u16")


def test_unknown_types():
    assert refuses(registers.decode, (1, 2), 0, "int")
    assert refuses(registers.width, "")


def test_a_pattern_of_the_device_for_not_implemented():
    assert registers.decode((0x7FFF, 0xFFFF), 0, "s32", "big", 0x7FFFFFFF) is None
    assert registers.decode((0xFFFF, 0x7FFF), 0, "s32", "little", 0x7FFFFFFF) is None
    assert registers.decode((0x7FFF, 0xFFFE), 0, "s32", "big", 0x7FFFFFFF) == 0x7FFFFFFE


def test_where_counters_start_again():
    assert registers.modulus("u16") == 65536
    assert registers.modulus("s32") == 1 << 31
    assert registers.modulus("acc32") == 1 << 32
    assert registers.modulus("u64") == 1 << 64
    assert registers.modulus("float32") is None
