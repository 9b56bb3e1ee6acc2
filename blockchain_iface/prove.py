"""Taking evidence out of a ledger's file: standalone receipts and checkpoints."""

from firmware.wire import cose, der
from firmware.wire.fields import WireError

from .archive import Archive
from .bundle import Bundle
from .checkpoint import Checkpoint
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
            enrolled = authority(archive, statement)
            enrolment, enrolment_receipt = enrolled.data, archive.receipt(enrolled)
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


def authority(archive: Archive, statement: cose.Statement) -> Entry:
    """The entry by which the meter that made ``statement`` may sign; Corrupt if there is none."""
    for entry in archive.mentioning(Enrolment.TYPE, statement.kid):
        candidate = cose.parse(entry.data)
        if candidate.type == Enrolment.TYPE and candidate.subject == statement.subject:
            return entry
    raise Corrupt(f"no enrolment of {statement.subject}'s key {statement.kid.hex()} is on the ledger")


def checkpoint(archive: Archive, last: Checkpoint | None, verifier: SignatureVerifier) -> Checkpoint:
    """The newest head of a ledger's file, with the proof that it goes on from ``last``, one that was handed out before.

    Raises:
        Corrupt: the file does not hold what ``last`` shows: it is another ledger, or another history of this one.
    """
    newest, genesis = archive.newest(), archive.genesis()
    previous: bytes | None = None
    path: tuple[bytes, ...] = ()
    if last is not None:
        head = last.check(verifier).head
        if head.size > newest.size:
            raise Corrupt(f"the file ends at {newest.size} entries, the other checkpoint has {head.size}")
        previous, path = last.block, tuple(archive.consistency(head.size, newest.size))
    made = Checkpoint(genesis.data, newest.data, previous, path, (), ())
    try:
        made.check(verifier)
    except EvidenceError as error:
        raise Corrupt(f"{error}: skerry ledger audit says more") from None
    return made
