"""Checkpoints: a ledger's newest head for others to keep, and what other gateways say about it.

    checkpoint    genesis, block, previous / null, path, witnesses, cosignatures
    cosignature   statement vnd.skerry.checkpoint, issuer = the witness's site, subject = the ledger's site,
                  body {1: the operator's kid, 2: tree size, 3: root, 4: Unix time}

``path`` proves that ``previous``, the head a witness saw last, is how ``block`` began. A cosignature says: I saw this head at
that time, and it goes on from every head of this ledger that I cosigned before.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from firmware.wire import cbor, cose
from firmware.wire.fields import WireError, bytes_of, map_of, uint_of
from firmware.wire.proof import check_consistency
from firmware.wire.signer import Signer

from .document import Document, EvidenceError
from .ledger import Head, LedgerError
from .operator import Operator, SignatureVerifier, parsed
from .witness import Conviction

TYPE = "vnd.skerry.checkpoint"


class Equivocation(LedgerError):
    """The operator signed two histories: never cosign again. ``conviction`` proves it."""

    def __init__(self, conviction: Conviction) -> None:
        super().__init__("the operator has signed two histories that do not fit together")
        self.conviction = conviction


@dataclass(frozen=True, slots=True)
class Seen:
    """What a checkpoint shows: the operator, its head, the head before, and each witness's site with the time it cosigned."""

    operator: Operator
    head: Head
    previous: Head | None
    witnesses: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Voucher:
    """What a cosignature says: ``witness`` saw ``size`` entries under ``root`` at Unix second ``time``."""

    witness: Operator
    size: int
    root: bytes
    time: int


@dataclass(frozen=True, slots=True)
class Checkpoint(Document):
    """A head and its witnesses: ``witnesses`` holds the genesis of each ledger whose gateway made the cosignature beside it."""

    KIND: ClassVar[str] = "checkpoint"
    genesis: bytes
    block: bytes
    previous: bytes | None
    path: tuple[bytes, ...]
    witnesses: tuple[bytes, ...]
    cosignatures: tuple[bytes, ...]

    def check(self, verifier: SignatureVerifier) -> Seen:
        """What this shows, from the operator named by the genesis inside. EvidenceError if anything does not hold."""
        operator = Operator.of(self.genesis, verifier)
        head = operator.head(self.block, "block")
        previous = None if self.previous is None else operator.head(self.previous, "previous")
        if previous is not None:
            _check_path(previous, head, self.path)
        elif self.path:
            raise EvidenceError("path: leads from no head")
        if len(self.witnesses) != len(self.cosignatures):
            raise EvidenceError("witnesses: one for each cosignature")
        pairs = zip(self.witnesses, self.cosignatures, strict=True)
        said = tuple(_check_vouches(operator, head, *pair) for pair in pairs)
        if len({site for site, _ in said}) < len(said):
            raise EvidenceError("witnesses: one comes twice")
        return Seen(operator, head, previous, said)


def cosign(
    checkpoint: Checkpoint,
    last: Checkpoint | None,
    signer: Signer,
    genesis: bytes,
    at: int,
    verifier: SignatureVerifier,
) -> Checkpoint:
    """``checkpoint`` with the cosignature of the gateway that ``signer`` signs for, made at Unix second ``at``.

    Args:
        last: the checkpoint of this ledger that the gateway cosigned last; None if it never saw one.
        genesis: that of the gateway's own ledger, so that others know its key.
    Raises:
        EvidenceError: the checkpoint does not hold, or does not prove that it goes on from ``last``.
        Equivocation: it contradicts ``last``.
    """
    seen = checkpoint.check(verifier)
    if last is not None:
        _check_goes_on(checkpoint, seen, last, last.check(verifier))
    witness = Operator.of(genesis, verifier)
    if witness.public != signer.public:
        raise EvidenceError("witness: the genesis is another gateway's")
    if witness.public == seen.operator.public:
        raise EvidenceError("witness: a gateway cannot vouch for itself")
    if witness.site in dict(seen.witnesses):
        return checkpoint
    body = cbor.encode({1: seen.operator.kid, 2: seen.head.size, 3: seen.head.root, 4: at})
    statement = cose.sign(signer, witness.site, seen.operator.site, TYPE, body)
    return replace(
        checkpoint,
        witnesses=(*checkpoint.witnesses, genesis),
        cosignatures=(*checkpoint.cosignatures, statement),
    )


def vouched(operator: Operator, genesis: bytes, cosignature: bytes) -> Voucher:
    """What ``cosignature`` says of the ledger of ``operator``, by whom ``genesis`` names. EvidenceError if it says nothing."""
    witness = Operator.of(genesis, operator.verifier)
    statement = parsed(cosignature, "cosignature")
    witness.require_signed(statement, "cosignature")
    try:
        kid, size, root, time = body_of(statement)
    except WireError as error:
        raise EvidenceError(str(error)) from None
    if (statement.type, statement.subject, kid) != (TYPE, operator.site, operator.kid):
        raise EvidenceError(f"cosignature: {witness.site} vouched for something else")
    if witness.public == operator.public:
        raise EvidenceError("cosignature: the operator vouches for itself")
    return Voucher(witness, size, root, time)


def body_of(cosignature: cose.Statement) -> tuple[bytes, int, bytes, int]:
    """The operator's kid, tree size, root and Unix time in a cosignature that nobody has checked. WireError if it has none."""
    body = map_of(cbor.decode(cosignature.payload, 2), "cosignature", (1, 2, 3, 4))
    size, root = uint_of(body[2], "tree size", 1), bytes_of(body[3], "root", 32)
    return bytes_of(body[1], "kid", 8), size, root, uint_of(body[4], "time")


def _check_goes_on(checkpoint: Checkpoint, seen: Seen, last: Checkpoint, known: Seen) -> None:
    if (known.operator.site, known.operator.public) != (seen.operator.site, seen.operator.public):
        raise EvidenceError("the checkpoint is of another ledger than the last one")
    for data, head in ((checkpoint.block, seen.head), (checkpoint.previous, seen.previous)):
        if data is None or head is None or head.size != known.head.size:
            continue
        if head.root != known.head.root:
            raise Equivocation(Conviction(checkpoint.genesis, last.block, data, head.root, ()))
        return
    if seen.head.size < known.head.size:
        raise EvidenceError(f"the ledger had {known.head.size} entries before, now it shows {seen.head.size}")
    raise EvidenceError(f"no proof that it goes on from the {known.head.size} entries cosigned last: ask for one since then")


def _check_path(previous: Head, head: Head, path: tuple[bytes, ...]) -> None:
    try:
        check_consistency(previous.size, head.size, previous.root, head.root, list(path))
    except WireError as error:
        raise EvidenceError(str(error)) from None


def _check_vouches(operator: Operator, head: Head, genesis: bytes, cosignature: bytes) -> tuple[str, int]:
    said = vouched(operator, genesis, cosignature)
    if (said.size, said.root) != (head.size, head.root):
        raise EvidenceError(f"cosignature: {said.witness.site} vouched for something else")
    return said.witness.site, said.time
