"""Applying genesis, enrolments and alarms: who the shadow centre is, and which keys may certify."""

from firmware.wire import certificate, cose, enrolment, event, receipt
from firmware.wire.fields import WireError

from ..signatures import Verifier
from .entries import Alarm, Enrolment, Genesis
from .happenings import Begun, CloneFound, Enrolled
from .records import Meter, Site
from .state import Refused, State


def apply_genesis(state: State, statement: cose.Statement, genesis: Genesis, verifier: Verifier) -> Begun:
    """The first entry, signed by the key that it names."""
    if state.genesis is not None:
        raise Refused("there is a genesis already")
    if not verifier.holds(statement, genesis.public):
        raise Refused("the genesis is not signed by the key that it names")
    state.site.put((), Site(statement.issuer, genesis.public, statement.kid, genesis.interval, genesis.tariff))
    return Begun(statement.issuer)


def apply_enrolment(state: State, statement: cose.Statement, verifier: Verifier) -> Enrolled:
    """Authorise a meter's key: one key a meter, one meter a key, and the meter has shown that it holds it."""
    entry = Enrolment.decode(statement.payload)
    request = cose.parse(entry.request, enrolment.MAX_SIZE)
    public = enrolment.public_of(request)
    if request.issuer != state.rules.name or request.subject != statement.subject:
        raise Refused("the request is for another site or meter")
    if not verifier.holds(request, public):
        raise Refused("the request is not signed by the key that it offers")
    if request.subject in state.meters:
        raise Refused(f"{request.subject} is enrolled already")
    if request.kid in state.keys or request.kid == state.rules.kid:
        raise Refused("the key is in use already")
    state.meters.put(request.subject, Meter(request.subject, public, request.kid, entry.role))
    state.keys.put(request.kid, request.subject)
    return Enrolled(request.subject, entry.role)


def apply_alarm(state: State, statement: cose.Statement, verifier: Verifier) -> CloneFound:
    """Evidence of a clone: a second, validly signed certificate or event with a number that is taken."""
    alarm = Alarm.decode(statement.payload)
    meter = state.meters.get(alarm.meter)
    fact = state.fact(alarm.kind, alarm.meter, alarm.number)
    if meter is None or fact is None or fact.id != alarm.first:
        raise Refused("the alarm names a statement that is not here")
    place = alarm.meter, alarm.kind, alarm.number
    if place in state.alarms:
        raise Refused("this clone is on record already")
    try:
        other = cose.parse(alarm.other, certificate.MAX_SIZE)
        number = _number(other, alarm.kind)
    except WireError as error:
        raise Refused(f"the evidence is neither certificate nor event: {error}") from None
    if number != alarm.number or other.id == fact.id or not verifier.holds(other, meter.public):
        raise Refused("the evidence proves no clone")
    state.alarms.put(place, other.id)
    return CloneFound(alarm.meter, alarm.kind, alarm.number)


def _number(statement: cose.Statement, kind: int) -> int:
    if kind == receipt.EVENT:
        return event.decode(statement.payload).number
    return certificate.decode(statement.payload).seq
