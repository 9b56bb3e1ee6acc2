"""The CBOR subset that skerry speaks (RFC 8949), strict in both directions.

Allowed: integers of 64 bits, byte strings, printable ASCII text (MicroPython takes some text for UTF-8 that CPython
refuses), arrays, maps with integer keys, null, and tag 18. Every value has exactly one encoding (RFC 8949, section 4.2.1:
shortest and definite lengths, keys in bytewise order) and the decoder refuses all others, so equal values have equal bytes
and a hash over bytes is a hash over the value.
"""

from .fields import RangeError, WireError, u16, u32, u64

MAX_DEPTH = 6
_UINT, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_NULL = 0xF6


class Tagged:
    """A value under a tag. Only tag 18 (COSE_Sign1, RFC 9052) is accepted by the decoder."""

    __slots__ = ("tag", "value")

    def __init__(self, tag: int, value: object) -> None:
        self.tag = tag
        self.value = value


def _is_printable(text: bytes) -> bool:
    return all(0x20 <= letter < 0x7F for letter in text)


def _head(major: int, number: int, out: bytearray) -> None:
    major <<= 5
    if number < 24:
        out.append(major | number)
    elif number < 0x100:
        out.append(major | 24)
        out.append(number)
    elif number < 0x10000:
        out.append(major | 25)
        out.extend(u16(number))
    elif number < 0x100000000:
        out.append(major | 26)
        out.extend(u32(number))
    else:
        out.append(major | 27)
        out.extend(u64(number))


def encode(value: object) -> bytes:
    """Deterministic encoding. RangeError for a type or a number outside the subset."""
    out = bytearray()
    _encode(value, out)
    return bytes(out)


def _encode(value: object, out: bytearray) -> None:
    if value is None:
        out.append(_NULL)
    elif isinstance(value, bool):
        raise RangeError("booleans are not part of the format")
    elif isinstance(value, int):
        _head(_NEGATIVE if value < 0 else _UINT, -1 - value if value < 0 else value, out)
    elif isinstance(value, (bytes, bytearray)):
        _head(_BYTES, len(value), out)
        out.extend(value)
    elif isinstance(value, str):
        text = value.encode()
        if not _is_printable(text):
            raise RangeError("text is printable ASCII")
        _head(_TEXT, len(text), out)
        out.extend(text)
    elif isinstance(value, (list, tuple)):
        _head(_ARRAY, len(value), out)
        for item in value:
            _encode(item, out)
    elif isinstance(value, dict):
        _encode_map(value, out)
    elif isinstance(value, Tagged):
        _head(_TAG, value.tag, out)
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
    _head(_MAP, len(keys), out)
    for key in keys:
        _encode(key, out)
        _encode(value[key], out)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise WireError("CBOR ends too early")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise WireError("CBOR: indefinite or reserved length")
        size = 1 << (info - 24)
        value = int.from_bytes(self.take(size), "big")
        # the smallest number that needs `size` bytes: 24, 2^8, 2^16, 2^32
        if value < (24 if size == 1 else 1 << (4 * size)):
            raise WireError("CBOR: a number is longer than it need be")
        return value

    def count(self, info: int, least: int) -> int:
        """A length that the remaining bytes can hold, at ``least`` bytes an item: no allocation on a liar's word."""
        value = self.number(info)
        if value * least > len(self.data) - self.at:
            raise WireError("CBOR ends too early")
        return value

    def value(self, depth: int) -> object:
        if depth == 0:
            raise WireError("CBOR is nested too deep")
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == _UINT:
            return self.number(info)
        if major == _NEGATIVE:
            return -1 - self.number(info)
        if major == _BYTES:
            return self.take(self.count(info, 1))
        if major == _TEXT:
            return self.text(self.count(info, 1))
        if major == _ARRAY:
            return [self.value(depth - 1) for _ in range(self.count(info, 1))]
        if major == _MAP:
            return self.map(self.count(info, 2), depth - 1)
        if major == _TAG and self.number(info) == 18:
            return Tagged(18, self.value(depth - 1))
        if first == _NULL:
            return None
        raise WireError(f"CBOR: initial byte 0x{first:02x} is not part of the format")

    def text(self, count: int) -> str:
        piece = self.take(count)
        if not _is_printable(piece):
            raise WireError("CBOR: text is printable ASCII")
        return piece.decode()

    def map(self, count: int, depth: int) -> "dict[int, object]":
        result: dict[int, object] = {}
        last = None
        for _ in range(count):
            key = self.value(1)
            if not isinstance(key, int):
                raise WireError("CBOR: map keys are integers")
            rank = (key < 0, abs(key))
            if last is not None and rank <= last:
                raise WireError("CBOR: map keys are not in ascending order, or one comes twice")
            last = rank
            result[key] = self.value(depth)
        return result


def decode(data: bytes, depth: int = MAX_DEPTH) -> object:
    """The one value that ``data`` encodes: int, bytes, str, list, dict, None or Tagged.

    Args:
        data: the whole encoding; a byte more or less is an error.
        depth: how many levels of nesting are accepted.
    Raises:
        WireError: malformed, not the one deterministic encoding, nested too deep, or outside the subset.
    """
    reader = _Reader(bytes(data))
    value = reader.value(depth)
    if reader.at != len(reader.data):
        raise WireError(f"CBOR: {len(reader.data) - reader.at} bytes too many")
    return value
