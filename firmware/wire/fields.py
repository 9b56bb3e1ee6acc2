"""Range-checked packing, and checks on what a decoder found.

MicroPython's ``struct.pack(">H", 70000)`` wraps silently, so a meter would sign a false number. All packing goes
through the functions here, which refuse a value that does not fit.
"""


class WireError(ValueError):
    """Bytes from the other side break the format: the sender's fault. Drop them, count them, say why."""


class RangeError(ValueError):
    """A value of ours does not fit its field: a defect on this side. Never send anything in its place."""


def _unsigned(value: int, size: int) -> bytes:
    if not 0 <= value < 1 << (8 * size):
        raise RangeError(f"{value} does not fit {8 * size} unsigned bits")
    return value.to_bytes(size, "big")


def u8(value: int) -> bytes:
    """One byte, 0..255. RangeError outside."""
    return _unsigned(value, 1)


def u16(value: int) -> bytes:
    """Two bytes, big endian, 0..65,535. RangeError outside."""
    return _unsigned(value, 2)


def u32(value: int) -> bytes:
    """Four bytes, big endian, 0..2^32 - 1. RangeError outside."""
    return _unsigned(value, 4)


def u64(value: int) -> bytes:
    """Eight bytes, big endian, 0..2^64 - 1. RangeError outside."""
    return _unsigned(value, 8)


def uint_of(value: object, name: str, low: int = 0, high: int = (1 << 64) - 1) -> int:
    """``value`` if it is an integer in low..high, else WireError naming the field."""
    # a subclass of int, such as bool, must not pass for one
    if type(value) is not int:
        raise WireError(f"{name}: an integer is expected")
    if not low <= value <= high:
        raise WireError(f"{name}: {value} is outside {low}..{high}")
    return value


def bytes_of(value: object, name: str, size: int) -> bytes:
    """``value`` if it is a byte string of exactly ``size`` bytes, else WireError naming the field."""
    if not isinstance(value, bytes) or len(value) != size:
        raise WireError(f"{name}: {size} bytes are expected")
    return value


def list_of(value: object, name: str, low: int, high: int) -> "list[object]":
    """``value`` if it is an array of low..high items, else WireError naming the field."""
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise WireError(f"{name}: an array of {low} to {high} items is expected")
    return value


def map_of(value: object, name: str, required: "tuple[int, ...]", optional: "tuple[int, ...]" = ()) -> "dict[int, object]":
    """``value`` if it is a map with all ``required`` and no other than ``optional`` keys, else WireError."""
    if not isinstance(value, dict):
        raise WireError(f"{name}: a map is expected")
    for key in required:
        if key not in value:
            raise WireError(f"{name}: key {key} is missing")
    for key in value:
        if key not in required and key not in optional:
            raise WireError(f"{name}: key {key} is not known")
    return value
