"""Applying what the register of meters and keys is made of: who the shadow centre is, which keys certify, and until when."""

from operator import attrgetter

from firmware.wire import cose, enrolment, receipt, rotation

from ..signatures import Verifier
from . import quarantine
from .entries import Enrolment, Exchange, Genesis, Readmission, Revocation
from .happenings import Begun, Enrolled, Exchanged, Readmitted, Revoked, Rotated
from .measurement import cover
from .records import NEVER, CertificateFact, GapFact, Key, Meter, Point, Site
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
    request, public = _request(state, entry.request, statement.subject, verifier)
    meter = request.subject
    _check_new(state, meter)
    state.points.put(meter, Point(meter, entry.role, (meter,)))
    state.meters.put(meter, Meter(meter, public, request.kid, meter))
    state.keys.put(request.kid, Key(meter, public))
    return Enrolled(meter, entry.role)


def apply_revocation(state: State, statement: cose.Statement, _verifier: Verifier) -> Revoked:
    """End a key at numbers that are not here yet. Older statements stay valid, and may still come."""
    entry = Revocation.decode(statement.payload)
    meter = state.meters.get(entry.meter)
    if meter is None:
        raise Refused(f"{entry.meter} is not enrolled")
    _check_ahead(state, entry.meter, entry.certificate, entry.event)
    if not _end_keys(state, entry.meter, entry.certificate, entry.event):
        raise Refused(f"the key of {entry.meter} ends there already, or before")
    if state.points[meter.point].meter == entry.meter:
        quarantine.end(state, meter.point)
    return Revoked(entry.meter, entry.certificate, entry.reason)


def apply_readmission(state: State, statement: cose.Statement, _verifier: Verifier) -> Readmitted:
    """Settle what a quarantine has held back, and what comes: a person has looked, and the point's certificates stand."""
    entry = Readmission.decode(statement.payload)
    hold = state.holds.get(entry.point)
    if hold is None or not hold.holds or hold.number != entry.number:
        raise Refused(f"{entry.point} is not in its quarantine {entry.number}")
    quarantine.end(state, entry.point)
    return Readmitted(entry.point, entry.reason)


def apply_rotation(state: State, statement: cose.Statement, old: Key, verifier: Verifier) -> Rotated:
    """Let a new key take the place of ``old``, which has signed for it. The chains go on.

    The meter hears of it later and signs with the old key until then: that key ends where the new one begins (succession.py).
    """
    entry = rotation.decode(statement.payload)
    meter = state.meters[old.meter]
    if meter.kid != statement.kid or old.ended:
        raise Refused("the key was revoked or replaced: only a meter's present key hands over to a new one")
    if quarantine.is_held(state, meter.point):
        raise Refused(f"{meter.meter} is in quarantine: which of two devices would hand over? Exchange it, or readmit it first")
    request, public = _request(state, entry.request, meter.meter, verifier)
    state.keys.put(request.kid, Key(meter.meter, public, (entry.certificate, NEVER), (entry.event, NEVER), statement.kid))
    state.meters.put(meter.meter, meter._replace(public=public, kid=request.kid))
    return Rotated(meter.meter, request.kid, entry.certificate)


def apply_exchange(state: State, statement: cose.Statement, verifier: Verifier) -> Exchanged:
    """Another meter goes on at a metering point: registers join, the account and its bills stay.

    What the old meter counted after its last certificate is known by amount only, and spread up to the exchange.
    """
    entry = Exchange.decode(statement.payload)
    old = state.meters.get(entry.old)
    point = None if old is None else state.points[old.point]
    if old is None or point is None or point.meter != entry.old:
        raise Refused(f"{entry.old} meters nothing at present")
    request, public = _request(state, entry.request, statement.subject, verifier)
    _check_new(state, request.subject)
    number, last = newest(state, entry.old)
    if last is None or number != entry.last:
        raise Refused(f"certificate {entry.last} is not the newest of {entry.old} on the ledger, or given up")
    rest = (entry.closing[0] - last.closing[0], entry.closing[1] - last.closing[1])
    if min(rest) < 0 or entry.time < last.end or (entry.time == last.end and any(rest)):
        raise Refused(f"the closing registers do not follow from certificate {entry.last}")
    cover(state, point.name, [(last.end, entry.time, *rest)])
    _end_keys(state, entry.old, entry.last + 1, NEVER)
    quarantine.end(state, point.name)
    state.keys.put(request.kid, Key(request.subject, public))
    state.meters.put(request.subject, Meter(request.subject, public, request.kid, point.name, entry.time, entry.opening))
    state.points.put(point.name, point._replace(meters=(*point.meters, request.subject)))
    return Exchanged(point.name, entry.old, request.subject)


def _end_keys(state: State, meter: str, certificate: int, event: int) -> bool:
    """No key of ``meter`` signs from these numbers on, one that was replaced neither; whether that changes anything."""
    theirs = [(kid, key, key.until(certificate, event)) for kid, key in state.keys.items() if key.meter == meter]
    ended = [(kid, short) for kid, key, short in theirs if short != key]
    for kid, short in ended:
        state.keys.put(kid, short)
    return bool(ended)


def newest(state: State, meter: str) -> tuple[int, CertificateFact | GapFact | None]:
    """The highest number of a certificate that is here or was given up, and what says how it ended."""
    highest = state.chain(receipt.CERTIFICATE, meter).highest
    gap = max(state.given_up.get(meter) or (), key=attrgetter("last"), default=None)
    if gap is not None and gap.last >= highest:
        return gap.last, gap
    return highest, state.certificates.get((meter, highest))


def _request(state: State, data: bytes, meter: str, verifier: Verifier) -> tuple[cose.Statement, bytes]:
    """The request for ``meter`` in ``data``, and the key that it offers; Refused unless that key is held and free."""
    request = cose.parse(data, enrolment.MAX_SIZE)
    public = enrolment.public_of(request)
    if request.issuer != state.name or request.subject != meter:
        raise Refused("the request is for another site or meter")
    if not verifier.holds(request, public):
        raise Refused("the request is not signed by the key that it offers")
    owner = state.keys.get(request.kid)
    if owner is not None:
        raise Refused(f"the key is or was that of {owner.meter}: let the meter make a new one")
    if request.kid == state.rules.kid:
        raise Refused("the key is the shadow centre's: let the meter make its own")
    return request, public


def _check_new(state: State, meter: str) -> None:
    if meter in state.meters:
        raise Refused(f"{meter} is enrolled already: let it rotate its key, or give another meter another name")


def _check_ahead(state: State, meter: str, certificate: int, event: int) -> None:
    highest, highest_event = state.chain(receipt.CERTIFICATE, meter).highest, state.chain(receipt.EVENT, meter).highest
    if certificate <= highest or event <= highest_event:
        raise Refused(f"{meter} has signed up to certificate {highest} and event {highest_event}: only later ones can change")
