"""Applying commissionings: what a technician saw is a record, and changes nothing else."""

from firmware.wire import cose, receipt

from ..signatures import Verifier
from .entries import Commissioning
from .happenings import Commissioned
from .state import Refused, State


def apply_commissioning(state: State, statement: cose.Statement, _verifier: Verifier) -> Commissioned:
    """Put one on record, once for each meter and second. The meter's key, and the certificate that it names, are here."""
    entry = Commissioning.decode(statement.payload)
    key = state.keys.get(entry.kid)
    if key is None or key.meter != entry.meter:
        raise Refused(f"the key {entry.kid.hex()} is not that of {entry.meter}: enrol the meter first")
    if entry.certificate is not None and not state.chain(receipt.CERTIFICATE, entry.meter).holds(entry.certificate):
        raise Refused(f"certificate {entry.certificate} of {entry.meter} is not here yet")
    if (entry.meter, entry.time) in state.commissionings:
        raise Refused(f"what was seen of {entry.meter} at {entry.time} is on record already")
    state.commissionings.put((entry.meter, entry.time), statement.id)
    return Commissioned(entry.meter, entry.technician)
