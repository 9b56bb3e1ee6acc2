"""Taking a standalone receipt out of a ledger's file."""

from firmware.wire import cose, der
from firmware.wire.fields import WireError

from .archive import Archive
from .bundle import Bundle
from .document import EvidenceError
from .ledger import Corrupt, Entry
from .operator import Operator, SignatureVerifier
from .state.entries import Enrolment


def prove(archive: Archive, entry: Entry, verifier: SignatureVerifier) -> Bundle:
    """The standalone receipt of ``entry``, taken from a ledger's file and checked before it is handed out.

    Raises:
        Corrupt: the file does not hold what proves the entry.
    """
    genesis, statement = archive.genesis(), cose.parse(entry.data)
    try:
        operator = Operator.of(genesis.data, verifier)
        enrolment = enrolment_receipt = meter_key = None
        if statement.kid != operator.kid:
            authority = _enrolment(archive, statement)
            enrolment, enrolment_receipt = authority.data, archive.receipt(authority)
            meter_key = der.public_key(operator.enrolled(enrolment, statement))
        bundle = Bundle(
            entry.data,
            archive.receipt(entry),
            enrolment,
            enrolment_receipt,
            genesis.data,
            archive.receipt(genesis),
            archive.block(entry.height).data,
            meter_key,
            der.public_key(operator.public),
        )
        bundle.check(verifier)
    except (EvidenceError, WireError) as error:
        raise Corrupt(str(error), entry.index) from None
    return bundle


def _enrolment(archive: Archive, statement: cose.Statement) -> Entry:
    for entry in archive.mentioning(Enrolment.TYPE, statement.kid):
        candidate = cose.parse(entry.data)
        if candidate.type == Enrolment.TYPE and candidate.subject == statement.subject:
            return entry
    raise Corrupt(f"no enrolment of {statement.subject}'s key {statement.kid.hex()} is on the ledger")
