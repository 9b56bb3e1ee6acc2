"""How values are written for people, and read from them. Imports nothing that is compiled."""

import json
from datetime import UTC, datetime

from firmware.wire import certificate, command, cose, event

from ..checkpoint import body_of
from ..state.describe import plain
from ..state.entries import Action, Commissioning, Cosigned

_KINDS = {
    command.RESEND: "resend",
    command.RELAY: "relay",
    command.LIMIT: "limit",
    command.CREDIT: "credit",
    command.TARIFF: "tariff",
    command.CONFIGURE: "configure",
    command.UPDATE: "update",
    command.LOG: "log",
    command.ROTATE: "rotate",
}


def utc(seconds: int | None) -> str:
    """Unix seconds as date and time."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def tokens(micro: int) -> str:
    """Micro-tokens as tokens."""
    return f"{'-' if micro < 0 else ''}{abs(micro) // 1_000_000}.{abs(micro) % 1_000_000:06d}"


def key_from_hex(text: str) -> bytes:
    """A public key, 64 bytes. ValueError says what one looks like."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 64:
        raise ValueError("the key is 128 hex digits, X followed by Y")
    return key


def sentence(statement: cose.Statement) -> str:
    """What a statement says, in one line. WireError if its body cannot be read."""
    if statement.type == certificate.TYPE:
        body = certificate.decode(statement.payload)
        imported, exported = (after - before for before, after in zip(body.opening, body.closing, strict=True))
        span = f"{utc(body.t0)} to {utc(body.end)} UTC"
        return f"certificate {body.seq} of {statement.subject}: {span}, {imported} Wh imported, {exported} Wh exported"
    if statement.type == event.TYPE:
        return f"event {event.decode(statement.payload).number} of {statement.subject}"
    if statement.type == command.TYPE:
        order = command.parse(statement.data, statement.issuer, statement.subject)
        kind = _KINDS.get(order.kind, f"kind {order.kind}")
        return f"command to {statement.subject}: {kind} {json.dumps(plain(order.arguments))}, number {order.number}"
    if statement.type == Action.TYPE:
        action = Action.decode(statement.payload)
        return f"{utc(action.at)} UTC: {action.actor} ({action.role}) ordered {action.verb}, {action.subject}"
    if statement.type == Commissioning.TYPE:
        seen = Commissioning.decode(statement.payload)
        off = [check.what for check in seen.checks if not check.least <= check.measured <= check.most]
        verdict = f"out of range: {', '.join(off)}" if off else f"{len(seen.checks)} checks, all in range"
        return f"{utc(seen.time)} UTC: {seen.technician} accepted {seen.meter} ({' '.join(seen.nameplate)}), {verdict}"
    if statement.type == Cosigned.TYPE:
        cosignature = cose.parse(Cosigned.decode(statement.payload).cosignature)
        _, size, _, time = body_of(cosignature)
        return f"{cosignature.issuer} vouched for the first {size} entries, {utc(time)} UTC"
    return f"{statement.type.removeprefix('vnd.skerry.')} about {statement.subject}"
