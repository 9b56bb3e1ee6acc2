"""Seeded mutations: of bytes, and of what bytes in the wire format say. The same seed, the same mutations."""

import random

from firmware.wire import cbor

_BYTES = (0x00, 0x01, 0x17, 0x18, 0x1B, 0x3B, 0x40, 0x5B, 0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xD2, 0xF6, 0xFF)
_NUMBERS = (
    0,
    1,
    -1,
    23,
    24,
    255,
    256,
    1 << 16,
    1 << 31,
    (1 << 32) - 1,
    1 << 40,
    1 << 48,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
_MOST_AT_ONCE = 3


class Mutator:
    """Changes things a little, at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def of_bytes(self, data: bytes) -> bytes:
        """``data`` with one to three pieces flipped, replaced, inserted, cut out or repeated."""
        for _ in range(self._chance.randint(1, _MOST_AT_ONCE)):
            at, end = sorted(self._chance.choices(range(len(data) + 1), k=2))
            change = self._chance.randrange(5)
            if change == 0:
                data = data[:at] + bytes([byte ^ 1 << self._chance.randrange(8) for byte in data[at : at + 1]]) + data[at + 1 :]
            elif change == 1:
                data = data[:at] + bytes([self._chance.choice(_BYTES)]) + data[at + 1 :]
            elif change == 2:
                data = data[:at] + self._chance.randbytes(self._chance.randint(1, 8)) + data[at:]
            elif change == 3:
                data = data[:at] + data[end:]
            else:
                data = data[:end] + data[at:end] + data[end:]
        return data

    def of_body(self, payload: bytes) -> bytes:
        """``payload``, in the wire format, with one to three of its values changed, left out or repeated."""
        value = cbor.decode(payload)
        for _ in range(self._chance.randint(1, _MOST_AT_ONCE)):
            value = self._of(value)
        return cbor.encode(value)

    def _of(self, value: object) -> object:
        deeper = self._chance.random() < 0.85
        if isinstance(value, list) and value and deeper:
            return self._of_list(value)
        if isinstance(value, dict) and value and deeper:
            return self._of_map(value)
        return self._other(value)

    def _of_list(self, value: list[object]) -> list[object]:
        at = self._chance.randrange(len(value))
        change = self._chance.random()
        if change < 0.1:
            return value[:at] + value[at + 1 :]
        if change < 0.2:
            return value + value[at:]
        return [*value[:at], self._of(value[at]), *value[at + 1 :]]

    def _of_map(self, value: dict[int, object]) -> dict[int, object]:
        key = self._chance.choice(list(value))
        change = self._chance.random()
        rest = {each: item for each, item in value.items() if each != key}
        if change < 0.05:
            return rest
        if change < 0.1:
            return {**value, self._chance.choice(_NUMBERS): value[key]}
        return {**rest, key: self._of(value[key])}

    def _other(self, value: object) -> object:
        if isinstance(value, int) and self._chance.random() < 0.5:
            return min(max(value + self._chance.randint(-3, 3), -(1 << 64)), (1 << 64) - 1)
        if isinstance(value, bytes) and self._chance.random() < 0.5:
            return self.of_bytes(value)
        kind = self._chance.randrange(6)
        if kind == 0:
            return None
        if kind == 1:
            return self._chance.randbytes(self._chance.choice((0, 8, 32, 300)))
        if kind == 2:
            return "x" * self._chance.choice((0, 1, 300))
        if kind == 3:
            return []
        return self._chance.choice(_NUMBERS)
