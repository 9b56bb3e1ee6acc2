"""Applying alarms: proofs that somebody else signs as a meter too. The meter's point is in quarantine from then on.

Whoever reads the ledger has all that is needed to agree: both statements, signed by the meter's key.
"""

from firmware.wire import certificate, cose, event, receipt
from firmware.wire.fields import WireError

from ..signatures import Verifier
from . import quarantine
from .entries import Alarm, Leak
from .happenings import CloneFound, KeyLeaked
from .state import Refused, State

_R_SIZE = 32


def apply_alarm(state: State, statement: cose.Statement, verifier: Verifier) -> CloneFound:
    """Evidence of a clone: a second, validly signed certificate or event with a number that is taken."""
    alarm = Alarm.decode(statement.payload)
    fact = state.fact(alarm.kind, alarm.meter, alarm.number)
    if fact is None or fact.id != alarm.first:
        raise Refused("the alarm names a statement that is not here")
    place = alarm.meter, alarm.kind, alarm.number
    if place in state.alarms:
        raise Refused("this clone is on record already")
    try:
        other = cose.parse(alarm.other, certificate.MAX_SIZE)
        number = _number(other, alarm.kind)
    except WireError as error:
        raise Refused(f"the evidence is neither certificate nor event: {error}") from None
    if number != alarm.number or other.id == fact.id or not _signed(state, other, alarm.meter, verifier):
        raise Refused("the evidence proves no clone")
    state.alarms.put(place, other.id)
    quarantine.begin(state, alarm.meter, other.kid)
    return CloneFound(alarm.meter, alarm.kind, alarm.number)


def apply_leak(state: State, statement: cose.Statement, verifier: Verifier) -> KeyLeaked:
    """Evidence of a key that everybody can work out: it has signed two statements with one r, so with one nonce."""
    leak = Leak.decode(statement.payload)
    try:
        first, other = (cose.parse(data, certificate.MAX_SIZE) for data in (leak.first, leak.other))
    except WireError as error:
        raise Refused(f"the evidence is no pair of statements: {error}") from None
    meter, kid = first.subject, first.kid
    if kid in state.leaks:
        raise Refused("this leak is on record already")
    same = first.id != other.id and first.kid == other.kid and first.signature[:_R_SIZE] == other.signature[:_R_SIZE]
    if not same or not all(_signed(state, each, meter, verifier) for each in (first, other)):
        raise Refused("the evidence proves no leak")
    state.leaks.put(kid, statement.id)
    quarantine.begin(state, meter, kid)
    return KeyLeaked(meter, kid)


def _signed(state: State, statement: cose.Statement, meter: str, verifier: Verifier) -> bool:
    key = state.keys.get(statement.kid)
    ours = key is not None and key.meter == meter and (statement.issuer, statement.subject) == (state.name, meter)
    return ours and key is not None and verifier.holds(statement, key.public)


def _number(statement: cose.Statement, kind: int) -> int:
    if kind == receipt.EVENT:
        return event.decode(statement.payload).number
    return certificate.decode(statement.payload).seq
