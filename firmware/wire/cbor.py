"""The CBOR subset that skerry speaks (RFC 8949), strict in both directions.

Allowed: integers of 64 bits, byte strings, printable ASCII text (MicroPython takes some text for UTF-8 that CPython
refuses), arrays, maps with integer keys, null, and tag 18. Every value has exactly one encoding (RFC 8949, section 4.2.1:
shortest and definite lengths, keys in bytewise order) and the decoder refuses all others, so equal values have equal bytes
and a hash over bytes is a hash over the value.
"""

from .fields import RangeError, WireError, u64

MAX_DEPTH = 6
UINT, _NEGATIVE, _BYTES, _TEXT, ARRAY, _MAP, _TAG = range(7)
_NULL = 0xF6


class Tagged:
    """A value under a tag. Only tag 18 (COSE_Sign1, RFC 9052) is accepted by the decoder."""

    __slots__ = ("tag", "value")

    def __init__(self, tag: int, value: object) -> None:
        self.tag = tag
        self.value = value


def _is_printable(text: bytes) -> bool:
    return not text or (min(text) >= 0x20 and max(text) < 0x7F)


def head(major: int, number: int, out: bytearray) -> None:
    """Append an item's head: its major type, and its value or length. For who writes the content himself."""
    major <<= 5
    if number < 24:
        out.append(major | number)
    elif number < 0x100:
        out.append(major | 24)
        out.append(number)
    elif number < 0x10000:
        out.append(major | 25)
        out.append(number >> 8)
        out.append(number & 0xFF)
    elif number < 0x100000000:
        out.append(major | 26)
        out.extend(number.to_bytes(4, "big"))
    else:
        out.append(major | 27)
        out.extend(u64(number))


def encode(value: object) -> bytes:
    """Deterministic encoding. RangeError for a type or a number outside the subset."""
    out = bytearray()
    _encode(value, out)
    return bytes(out)


def _encode(value: object, out: bytearray) -> None:
    # the frequent ones first; True and False are no integers here
    if type(value) is int:
        if 0 <= value < 24:
            out.append(value)
        else:
            head(_NEGATIVE if value < 0 else UINT, -1 - value if value < 0 else value, out)
    elif isinstance(value, (bytes, bytearray)):
        head(_BYTES, len(value), out)
        out.extend(value)
    elif isinstance(value, str):
        text = value.encode()
        if not _is_printable(text):
            raise RangeError("text is printable ASCII")
        head(_TEXT, len(text), out)
        out.extend(text)
    elif isinstance(value, (list, tuple)):
        head(ARRAY, len(value), out)
        for item in value:
            _encode(item, out)
    elif value is None:
        out.append(_NULL)
    elif isinstance(value, dict):
        _encode_map(value, out)
    elif isinstance(value, Tagged):
        head(_TAG, value.tag, out)
        _encode(value.value, out)
    else:
        raise RangeError(f"{type(value)} is not part of the format")


def _encode_map(value: "dict[object, object]", out: bytearray) -> None:
    keys = []
    for key in value:
        if isinstance(key, bool) or not isinstance(key, int):
            raise RangeError("map keys are integers")
        keys.append(key)
    # bytewise order of the encodings: 0, 1, 2, ... before -1, -2, ...
    keys.sort(key=lambda key: (key < 0, abs(key)))
    head(_MAP, len(keys), out)
    for key in keys:
        _encode(key, out)
        _encode(value[key], out)


def decode(data: bytes, depth: int = MAX_DEPTH) -> object:
    """The one value that ``data`` encodes: int, bytes, str, list, dict, None or Tagged.

    Args:
        data: the whole encoding; a byte more or less is an error.
        depth: how many levels of nesting are accepted.
    Raises:
        WireError: malformed, not the one deterministic encoding, nested too deep, or outside the subset.
    """
    data = bytes(data)
    try:
        value, end = _value(data, 0, depth)
    except IndexError:
        raise WireError("CBOR ends too early") from None
    if end != len(data):
        raise WireError(f"CBOR: {len(data) - end} bytes too many")
    return value


# Each of these reads what begins at ``at`` and says where it ends; reading past the end is an IndexError. They are few, for
# MicroPython looks through a module's globals for every built-in name, and slowly once their table is full, as with 29.


def _value(data: bytes, at: int, depth: int) -> "tuple[object, int]":
    if depth == 0:
        raise WireError("CBOR is nested too deep")
    first = data[at]
    if first < 24:  # most values are small numbers
        return first, at + 1
    major, number = first >> 5, first & 31
    if major > _TAG:
        if first == _NULL:
            return None, at + 1
        raise WireError(f"CBOR: initial byte 0x{first:02x} is not part of the format")
    at += 1
    if number >= 24:
        number, at = _number(data, at, number)
    if major <= _NEGATIVE:
        return (-1 - number if major == _NEGATIVE else number), at
    if major == _TAG:
        if number != 18:
            raise WireError(f"CBOR: tag {number} is not part of the format")
        value, at = _value(data, at, depth - 1)
        return Tagged(18, value), at
    # a length that the remaining bytes can hold: no allocation on a liar's word
    end = at + (2 * number if major == _MAP else number)
    if end > len(data):
        raise WireError("CBOR ends too early")
    if major <= _TEXT:
        return (data[at:end] if major == _BYTES else _text(data[at:end])), end
    if major == _MAP:
        return _map(data, at, number, depth - 1)
    return _array(data, at, number, depth - 1)


def _number(data: bytes, at: int, info: int) -> "tuple[int, int]":
    if info == 24:
        value, end = data[at], at + 1
    elif info == 25:
        value, end = data[at] << 8 | data[at + 1], at + 2
    elif info <= 27:
        end = at + (1 << (info - 24))
        value = int.from_bytes(data[at : end - 1], "big") << 8 | data[end - 1]
    else:
        raise WireError("CBOR: indefinite or reserved length")
    # the smallest number that needs 1, 2, 4 or 8 bytes: 24, 2^8, 2^16, 2^32
    if value < (24 if info == 24 else 1 << (4 << (info - 24))):
        raise WireError("CBOR: a number is longer than it need be")
    return value, end


def _text(piece: bytes) -> str:
    if not _is_printable(piece):
        raise WireError("CBOR: text is printable ASCII")
    return piece.decode()


def _array(data: bytes, at: int, count: int, depth: int) -> "tuple[list[object], int]":
    if depth == 0 and count:
        raise WireError("CBOR is nested too deep")
    items: list[object] = []
    for _ in range(count):
        item: object = data[at]
        if data[at] < 24:
            at += 1
        else:
            item, at = _value(data, at, depth)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> "tuple[dict[int, object], int]":
    result: dict[int, object] = {}
    last = -1
    for _ in range(count):
        key, at = _value(data, at, 1)
        if not isinstance(key, int):
            raise WireError("CBOR: map keys are integers")
        # 0, 1, 2, ... before -1, -2, ...: negative ones rank beyond all of 64 bits
        rank = key if key >= 0 else (1 << 64) - key
        if rank <= last:
            raise WireError("CBOR: map keys are not in ascending order, or one comes twice")
        last = rank
        result[key], at = _value(data, at, depth)
    return result, at
