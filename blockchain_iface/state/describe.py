"""Any statement as plain data that JSON can carry: for people and scripts that look into a ledger."""

from dataclasses import fields, is_dataclass

from firmware.wire import certificate, cose
from firmware.wire.fields import WireError

from . import entries

_ENTRIES: dict[str, type] = {
    entry.TYPE: entry
    for entry in (
        entries.Genesis,
        entries.Enrolment,
        entries.Recharge,
        entries.Recovery,
        entries.Pricing,
        entries.Transaction,
        entries.Settlement,
        entries.Alarm,
    )
}


def describe(data: bytes) -> dict[str, object]:
    """id, type, issuer, subject, kid and body of a statement's bytes; bytes as hex. The body is None if it cannot be read."""
    statement = cose.parse(data)
    return {
        "id": statement.id.hex(),
        "type": statement.type,
        "issuer": statement.issuer,
        "subject": statement.subject,
        "kid": statement.kid.hex(),
        "body": _body(statement),
        "signature": statement.signature.hex(),
    }


def _body(statement: cose.Statement) -> object:
    try:
        if statement.type == certificate.TYPE:
            body = certificate.decode(statement.payload)
            return {name: _plain(getattr(body, name)) for name in certificate.Certificate.__slots__}
        entry = _ENTRIES.get(statement.type)
        return None if entry is None else _plain(entry.decode(statement.payload))  # type: ignore[attr-defined]
    except WireError:
        return None


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
