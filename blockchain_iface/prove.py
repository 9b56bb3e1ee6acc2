"""Taking evidence out of a ledger's file: standalone receipts and checkpoints."""

from firmware.wire import cose, der, rotation
from firmware.wire.fields import WireError

from .archive import Archive
from .bundle import Bundle
from .checkpoint import Checkpoint
from .document import EvidenceError
from .ledger import Corrupt, Entry
from .operator import KEYS_GRANTED, Operator, SignatureVerifier, requested


def prove(archive: Archive, entry: Entry, verifier: SignatureVerifier) -> Bundle:
    """The standalone receipt of ``entry``, taken from a ledger's file and checked before it is handed out.

    Raises:
        Corrupt: the file does not hold what proves the entry.
    """
    genesis, statement = archive.genesis(), cose.parse(entry.data)
    try:
        operator = Operator.of(genesis.data, verifier)
        granted = [] if statement.kid == operator.kid else authority(archive, statement)
        chain = tuple(entry.data for entry in granted)
        bundle = Bundle(
            entry.data,
            archive.receipt(entry),
            chain,
            tuple(archive.receipt(entry) for entry in granted),
            genesis.data,
            archive.receipt(genesis),
            archive.block(entry.height).data,
            der.public_key(operator.require_meter(chain, statement, "entry")) if chain else None,
            der.public_key(operator.public),
        )
        bundle.check(verifier)
    except (EvidenceError, WireError) as error:
        raise Corrupt(str(error), entry.index) from None
    return bundle


def authority(archive: Archive, statement: cose.Statement) -> list[Entry]:
    """How the key of the meter that made ``statement`` came to sign: enrolment or exchange, then each rotation.

    Raises:
        Corrupt: the ledger gives nobody this key.
    """
    entry = _grant(archive, statement.kid, statement.subject)
    granted = cose.parse(entry.data)
    return [*authority(archive, granted), entry] if granted.type == rotation.TYPE else [entry]


def _grant(archive: Archive, kid: bytes, meter: str) -> Entry:
    for type in KEYS_GRANTED:
        for entry in archive.mentioning(type, kid):
            candidate = cose.parse(entry.data)
            if candidate.type == type and candidate.subject == meter and requested(candidate, KEYS_GRANTED).kid == kid:
                return entry
    raise Corrupt(f"no entry gives key {kid.hex()} to {meter}")


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
