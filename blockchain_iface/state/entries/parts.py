"""Fields that several bodies share, checked as firmware.wire.fields checks its own."""

from collections.abc import Callable
from typing import TypeVar

from firmware.wire import utf8
from firmware.wire.fields import WireError, list_of
from firmware.wire.topics import is_id

from ..state import FUNDED

MANY = 100_000
"""Rows of one array."""
MONEY = 1 << 62
"""Micro-tokens."""
WH = 1 << 48
_TEXT = 64
PPM = 100_000_000
T = TypeVar("T")


def account_of(value: object) -> str:
    """``value`` if it may be an account: a meter's id, or a system account. WireError otherwise."""
    if not isinstance(value, str) or not (is_id(value) or value in FUNDED or is_id(value[1:])):
        raise WireError("an account is a meter's id or a system account")
    return value


def text_of(value: object, name: str) -> str:
    """``value`` if it is a text of 1 to 64 letters (printable ASCII, as all text in CBOR here). WireError otherwise."""
    if not isinstance(value, str) or not 1 <= len(value) <= _TEXT:
        raise WireError(f"{name}: a text of 1 to {_TEXT} letters is expected")
    return value


def name_of(value: object, name: str) -> str:
    """What people are called: ``value`` if it is 1 to 64 bytes of UTF-8 without control characters. WireError otherwise."""
    if not isinstance(value, bytes) or not 1 <= len(value) <= _TEXT:
        raise WireError(f"{name}: 1 to {_TEXT} bytes of UTF-8 are expected")
    text = utf8.decode(value)
    if any(character < " " or "\x7f" <= character < "\xa0" for character in text):
        raise WireError(f"{name}: no control characters are expected")
    return text


def rows_of(value: object, name: str, width: int, read: Callable[[list[object]], T]) -> tuple[T, ...]:
    """Each row of ``width`` items in the array ``value``, as ``read`` reads it. WireError otherwise."""
    return tuple(read(list_of(row, name, width, width)) for row in list_of(value, name, 0, MANY))
