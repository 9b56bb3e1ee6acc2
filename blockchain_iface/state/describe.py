"""Any statement as plain data that JSON can carry: for people and scripts that look into a ledger."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass

from firmware.wire import certificate, clock, command, cose, event, rotation
from firmware.wire.fields import WireError

from . import entries

_DECODERS: dict[str, Callable[[bytes], object]] = {
    certificate.TYPE: certificate.decode,
    event.TYPE: event.decode,
    rotation.TYPE: rotation.decode,
    entries.Genesis.TYPE: entries.Genesis.decode,
    entries.Enrolment.TYPE: entries.Enrolment.decode,
    entries.Recharge.TYPE: entries.Recharge.decode,
    entries.Recovery.TYPE: entries.Recovery.decode,
    entries.Pricing.TYPE: entries.Pricing.decode,
    entries.Transaction.TYPE: entries.Transaction.decode,
    entries.Settlement.TYPE: entries.Settlement.decode,
    entries.Revocation.TYPE: entries.Revocation.decode,
    entries.Exchange.TYPE: entries.Exchange.decode,
    entries.Alarm.TYPE: entries.Alarm.decode,
    entries.Leak.TYPE: entries.Leak.decode,
    entries.Commissioning.TYPE: entries.Commissioning.decode,
    entries.Readmission.TYPE: entries.Readmission.decode,
    entries.Action.TYPE: entries.Action.decode,
    entries.Cosigned.TYPE: entries.Cosigned.decode,
    entries.Sighting.TYPE: entries.Sighting.decode,
}
_COMMAND = ("number", "kind", "arguments", "issued", "expires")
_SLOTTED = (certificate.Certificate, event.Event, clock.ClockQuality, rotation.Rotation)


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
        if statement.type == command.TYPE:
            order = command.parse(statement.data, statement.issuer, statement.subject)
            return plain({name: getattr(order, name) for name in _COMMAND})
        decode = _DECODERS.get(statement.type)
        return None if decode is None else plain(decode(statement.payload))
    except WireError:
        return None


def plain(value: object) -> object:
    """``value``, a record or body, as JSON can carry it: maps by field, bytes as hex."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, _SLOTTED):
        return {name: plain(getattr(value, name)) for name in value.__slots__}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value
