"""Two parties compare what they were shown of one ledger: it fits together, or the operator's own signatures convict it.

A party brings whatever it has: a ledger file, a checkpoint, a standalone receipt, or a single certificate with the head that
its meter had seen. A ledger file decides about any smaller head; two heads alone only if they are of the same size.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from firmware.wire.fields import WireError
from firmware.wire.proof import check_consistency

from .archive import Archive
from .bundle import Bundle
from .checkpoint import Checkpoint
from .document import EvidenceError, read
from .operator import Operator, SignatureVerifier, parsed
from .prove import authority
from .witness import Conviction, Sighting, seen

_SQLITE = b"SQLite format 3\x00"
_COSE_SIGN1 = 0xD2


@dataclass(frozen=True, slots=True)
class Consistent:
    """The smaller head is how the larger one began; ``proof`` says so to others, if both are the operator's."""

    smaller: int
    larger: int
    proof: Checkpoint | None


@dataclass(frozen=True, slots=True)
class Undecided:
    """Neither can be shown from what the parties brought; ``reason`` says what would decide."""

    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A head that a party was shown: ``data`` is the operator's block, or the meter's certificate."""

    data: bytes
    size: int
    root: bytes
    authority: tuple[bytes, ...] = ()
    is_meters: bool = False


class Party:
    """What one party brings."""

    def __init__(self, path: Path, verifier: SignatureVerifier) -> None:
        """Read ``path``. LedgerError, EvidenceError or OSError if it holds nothing to compare."""
        self.archive: Archive | None = None
        self.genesis: bytes | None = None
        self.claims: list[Claim] = []
        if path.is_dir() or _begins(path, _SQLITE):
            self._bring_ledger(Archive(path), verifier)
            return
        data = path.read_bytes()
        if data[:1] == bytes([_COSE_SIGN1]):
            self._bring_certificate(data, ())
            return
        document: Bundle | Checkpoint = read(data, [Bundle, Checkpoint])
        document.check(verifier)
        self._bring(document, verifier)

    def _bring_ledger(self, archive: Archive, verifier: SignatureVerifier) -> None:
        self.archive, self.genesis = archive, archive.genesis().data
        self._bring_block(archive.newest().data, verifier)

    def _bring(self, document: Bundle | Checkpoint, verifier: SignatureVerifier) -> None:
        self.genesis = document.genesis
        self._bring_block(document.block, verifier)
        if isinstance(document, Checkpoint) and document.previous is not None:
            self._bring_block(document.previous, verifier)
        if isinstance(document, Bundle):
            with suppress(EvidenceError):  # an event, or of a meter that had seen no head yet
                self._bring_certificate(document.entry, document.authority)

    def _bring_block(self, data: bytes, verifier: SignatureVerifier) -> None:
        assert self.genesis is not None  # it comes with every block
        head = Operator.of(self.genesis, verifier).head(data, "block")
        self.claims.append(Claim(data, head.size, head.root))

    def _bring_certificate(self, data: bytes, authority: tuple[bytes, ...]) -> None:
        self.claims.append(Claim(data, *seen(parsed(data, "certificate")), authority, is_meters=True))


def audit(first: Party, second: Party, verifier: SignatureVerifier) -> Consistent | Undecided | Conviction | Sighting:
    """Compare two parties.

    Raises:
        EvidenceError: they speak of different ledgers.
    """
    genesis = first.genesis or second.genesis
    if genesis is None:
        raise EvidenceError("neither party brings anything that the operator signed")
    operators = [Operator.of(party.genesis, verifier) for party in (first, second) if party.genesis is not None]
    if len({(operator.site, operator.public) for operator in operators}) > 1:
        raise EvidenceError("these are two ledgers: their operators have different keys")
    verdicts = [*_compared(first, second, operators[0], genesis), *_compared(second, first, operators[0], genesis)]
    for kind in (Conviction, Sighting, Consistent):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Undecided(
        "the heads are of different sizes: bring the ledger file of one party, or a checkpoint since the other's head"
    )


def parting(first: Archive, second: Archive) -> int:
    """The index of the first entry that differs between two ledger files that do not fit together."""
    low, high = 0, min(first.newest().size, second.newest().size)
    while low < high:
        middle = (low + high + 1) // 2
        if first.root(middle) == second.root(middle):
            low = middle
        else:
            high = middle - 1
    return low


_Verdict = Consistent | Conviction | Sighting


def _compared(mine: Party, theirs: Party, operator: Operator, genesis: bytes) -> Iterator[_Verdict]:
    """What each head of ``mine`` comes to beside what ``theirs`` holds."""
    for claim in mine.claims:
        granted = _authority(claim, theirs, operator) if claim.is_meters else ()
        for other in theirs.claims:
            if claim.size > other.size or other.is_meters:
                continue
            if theirs.archive is not None:
                root, path = theirs.archive.root(claim.size), tuple(theirs.archive.consistency(claim.size, other.size))
            elif claim.size == other.size:
                root, path = other.root, ()
            else:
                continue
            _check_path(claim.size, root, other, path)
            if root == claim.root:
                proof = None if claim.is_meters else Checkpoint(genesis, other.data, claim.data, path, (), ())
                yield Consistent(claim.size, other.size, proof)
            elif claim.is_meters:
                yield Sighting(genesis, granted, claim.data, other.data, root, path)
            else:
                yield Conviction(genesis, claim.data, other.data, root, path)


def _check_path(size: int, root: bytes, other: Claim, path: tuple[bytes, ...]) -> None:
    try:
        check_consistency(size, other.size, root, other.root, list(path))
    except WireError as error:
        raise EvidenceError(f"the file's tree is damaged ({error}): run skerry ledger verify on it") from None


def _authority(claim: Claim, theirs: Party, operator: Operator) -> tuple[bytes, ...]:
    """By which the claim's meter may sign, once it is sure that it did."""
    statement, granted = parsed(claim.data, "certificate"), claim.authority
    if not granted:
        if theirs.archive is None:
            raise EvidenceError("who may sign for the meter is not known: bring a ledger file, or the certificate's receipt")
        granted = tuple(entry.data for entry in authority(theirs.archive, statement))
    operator.require_meter(granted, statement, "certificate")
    return granted


def _begins(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark
