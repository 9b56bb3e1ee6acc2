"""Files of evidence: what one party hands another, to be checked without the gateway. Each comes as CBOR or as JSON.

    CBOR   {0: kind, 1: first field, 2: second field, ...}        keys in the order of the kind's fields
    JSON   {"skerry": kind, "first field": hex, "second field": [hex], ...}

A kind is a frozen dataclass with a ``KIND`` and fields that are ``bytes``, ``bytes | None`` or ``tuple[bytes, ...]``. Nothing
in such a file is believed: each kind has its own ``check``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar, get_type_hints

from firmware.wire import cbor
from firmware.wire.fields import WireError

MAX_SIZE = 1 << 20


class EvidenceError(ValueError):
    """A file of evidence is none, or does not prove what it says: its author's fault. The text says what does not hold."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file of evidence."""

    KIND: ClassVar[str]

    def to_cbor(self) -> bytes:
        """The compact form."""
        values = [_listed(getattr(self, field.name)) for field in fields(self)]
        return cbor.encode(dict(enumerate([self.KIND, *values])))

    def to_json(self) -> str:
        """The form for people and other programs."""
        values = {field.name: _hex(getattr(self, field.name)) for field in fields(self)}
        return json.dumps({"skerry": self.KIND, **values}, indent=2) + "\n"


D = TypeVar("D", bound=Document)


def read(data: bytes, kinds: Sequence[type[D]]) -> D:
    """The document that ``data`` holds in either form, if it is of one of ``kinds``.

    Raises:
        EvidenceError: too large, in neither form, of another kind, or with other fields than its kind has.
    """
    if len(data) > MAX_SIZE:
        raise EvidenceError(f"{len(data)} bytes: evidence has at most {MAX_SIZE}")
    is_json = data.lstrip()[:1] == b"{"
    body = _json(data) if is_json else _cbor(data)
    known = {kind.KIND: kind for kind in kinds}
    name = body.pop("skerry" if is_json else 0, None)
    if not isinstance(name, str) or name not in known:
        raise EvidenceError(f"not one of: {', '.join(known)}")
    hints = {field.name: get_type_hints(known[name])[field.name] for field in fields(known[name])}
    keys = dict(zip(hints if is_json else range(1, len(hints) + 1), hints, strict=True))
    if set(body) != set(keys):
        raise EvidenceError(f"{name}: fields are missing or unknown")
    values = {field: _field(field, body[key], hints[field], is_json) for key, field in keys.items()}
    return known[name](**values)


def _cbor(data: bytes) -> dict[Any, Any]:
    try:
        body = cbor.decode(data, 3)
    except WireError as error:
        raise EvidenceError(f"no file of evidence: {error}") from None
    if not isinstance(body, dict):
        raise EvidenceError("no file of evidence")
    return body


def _json(data: bytes) -> dict[Any, Any]:
    try:
        body: dict[Any, Any] = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"no file of evidence: {error}") from None
    return body


def _field(name: str, value: object, hint: object, is_json: bool) -> object:
    if hint == tuple[bytes, ...]:
        if not isinstance(value, list):
            raise EvidenceError(f"{name}: an array is expected")
        return tuple(_bytes(name, item, is_json) for item in value)
    if value is None and hint == bytes | None:
        return None
    return _bytes(name, value, is_json)


def _bytes(name: str, value: object, is_json: bool) -> bytes:
    if is_json and isinstance(value, str):
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise EvidenceError(f"{name}: hex digits are expected") from None
    if is_json or not isinstance(value, bytes):
        raise EvidenceError(f"{name}: bytes are expected")
    return value


def _listed(value: bytes | tuple[bytes, ...] | None) -> object:
    return list(value) if isinstance(value, tuple) else value


def _hex(value: bytes | tuple[bytes, ...] | None) -> object:
    if isinstance(value, tuple):
        return [item.hex() for item in value]
    return None if value is None else value.hex()
