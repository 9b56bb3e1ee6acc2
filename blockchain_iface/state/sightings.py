"""Applying sightings: a meter saw a head that is not in this ledger's history, and both signed for what they say.

The state does not hold the tree, so whether the operator's own head is the true one is for those to check who do:
`skerry ledger verify`, and everyone with a receipt.
"""

from firmware.wire import certificate, cose, receipt
from firmware.wire.fields import WireError

from ..signatures import Verifier
from .entries import Sighting
from .happenings import Sighted
from .state import Refused, State


def apply_sighting(state: State, statement: cose.Statement, _verifier: Verifier) -> Sighted:
    """Put one on record, once for each head that a meter saw. Its certificate is on the ledger already."""
    entry = Sighting.decode(statement.payload)
    try:
        seen_by = cose.parse(entry.certificate, certificate.MAX_SIZE)
        body = certificate.decode(seen_by.payload)
    except WireError as error:
        raise Refused(f"the evidence is no certificate: {error}") from None
    fact = state.fact(receipt.CERTIFICATE, seen_by.subject, body.seq)
    if fact is None or fact.id != seen_by.id:
        raise Refused("the certificate is not on the ledger")
    if body.seen is None or entry.size > body.seen[0] or (entry.size, entry.root) == body.seen:
        raise Refused("the meter saw nothing that contradicts the ledger")
    place = seen_by.subject, *body.seen
    if place in state.sightings:
        raise Refused("this sighting is on record already")
    state.sightings.put(place, seen_by.id)
    return Sighted(seen_by.subject, body.seen[0], (entry.size, entry.root))
