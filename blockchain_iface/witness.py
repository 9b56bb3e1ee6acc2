"""Histories that do not fit together, as evidence that stands by itself.

    conviction   the operator signed two heads of which the smaller is not how the larger began
    sighting    a meter signed that it saw a head which is not how the operator's ledger began

A conviction needs nobody's word. A sighting leaves two to suspect: the meter's word is in its certificate; the operator's
would be in the receipt by which the meter saw that head.
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import certificate, cose
from firmware.wire.fields import WireError
from firmware.wire.proof import check_consistency

from .document import Document, EvidenceError
from .ledger import Head
from .operator import Operator, SignatureVerifier, parsed


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What was shown: somebody signed for ``size`` entries under ``signed``, the operator's ``head`` begins with ``actual``."""

    site: str
    operator: bytes
    witness: str
    size: int
    signed: bytes
    actual: bytes
    head: Head


@dataclass(frozen=True, slots=True)
class Conviction(Document):
    """Two blocks of one operator. ``path`` proves that the ``second`` one began with ``root`` at the ``first`` one's size."""

    KIND: ClassVar[str] = "conviction"
    genesis: bytes
    first: bytes
    second: bytes
    root: bytes
    path: tuple[bytes, ...]

    def check(self, verifier: SignatureVerifier) -> Contradiction:
        """What this shows, of the operator named by the genesis inside. EvidenceError if it shows nothing."""
        operator = Operator.of(self.genesis, verifier)
        first, second = operator.head(self.first, "first"), operator.head(self.second, "second")
        _check_contradiction(first.size, first.root, second, self.root, self.path)
        return Contradiction(operator.site, operator.public, "", first.size, first.root, self.root, second)


@dataclass(frozen=True, slots=True)
class Sighting(Document):
    """A meter's certificate with the head it saw, and the operator's block. ``path`` and ``root`` as in a conviction."""

    KIND: ClassVar[str] = "sighting"
    genesis: bytes
    authority: tuple[bytes, ...]
    certificate: bytes
    block: bytes
    root: bytes
    path: tuple[bytes, ...]

    def check(self, verifier: SignatureVerifier) -> Contradiction:
        """What this shows, of the operator named by the genesis inside. EvidenceError if it shows nothing."""
        operator = Operator.of(self.genesis, verifier)
        statement = parsed(self.certificate, "certificate")
        operator.require_meter(self.authority, statement, "certificate")
        size, root = seen(statement)
        head = operator.head(self.block, "block")
        _check_contradiction(size, root, head, self.root, self.path)
        return Contradiction(operator.site, operator.public, statement.subject, size, root, self.root, head)


def seen(statement: cose.Statement) -> tuple[int, bytes]:
    """The head that a meter had seen when it made a certificate: tree size, and root (32 bytes). EvidenceError if none."""
    try:
        body = certificate.decode(statement.payload) if statement.type == certificate.TYPE else None
    except WireError as error:
        raise EvidenceError(f"certificate: {error}") from None
    if body is None or body.seen is None:
        raise EvidenceError("certificate: none, or it names no head that its meter had seen")
    return body.seen


def _check_contradiction(size: int, signed: bytes, head: Head, root: bytes, path: tuple[bytes, ...]) -> None:
    try:
        check_consistency(size, head.size, root, head.root, list(path))
    except WireError as error:
        raise EvidenceError(str(error)) from None
    if signed == root:
        raise EvidenceError(f"the heads agree: {size} entries are how the {head.size} began")
