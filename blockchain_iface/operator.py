"""A ledger's operator as a third party knows it: by the genesis, and whatever else carries the same signature."""

from dataclasses import dataclass
from typing import Protocol

from firmware.wire import cose, enrolment, receipt
from firmware.wire.fields import WireError

from . import block
from .document import EvidenceError
from .ledger import Head
from .state.entries import Enrolment, Genesis


class SignatureVerifier(Protocol):
    """What checks signatures: signatures.Verifier, or ecdsa_signatures.EcdsaVerifier where nothing is compiled."""

    def signed(self, digest: bytes, signature: bytes, public: bytes) -> bool:
        """True if ``signature`` (64 bytes) over ``digest`` (32 bytes) is by the holder of ``public`` (64 bytes)."""
        ...


def parsed(data: bytes, name: str) -> cose.Statement:
    """A statement out of evidence; EvidenceError names it if it is none."""
    try:
        return cose.parse(data)
    except WireError as error:
        raise EvidenceError(f"{name}: {error}") from None


@dataclass(frozen=True, slots=True)
class Operator:
    """The shadow centre of ``site`` that holds ``public`` (64 bytes); every check raises EvidenceError."""

    site: str
    public: bytes
    kid: bytes
    verifier: SignatureVerifier

    @classmethod
    def of(cls, genesis: bytes, verifier: SignatureVerifier) -> "Operator":
        """Whom the genesis entry names; it is signed by the key that it names."""
        statement = parsed(genesis, "genesis")
        if statement.type != Genesis.TYPE:
            raise EvidenceError("genesis: a statement of another type")
        try:
            public = Genesis.decode(statement.payload).public
        except WireError as error:
            raise EvidenceError(f"genesis: {error}") from None
        operator = cls(statement.issuer, public, statement.kid, verifier)
        operator.require_signed(statement, "genesis")
        return operator

    def require_signed(self, statement: cose.Statement, name: str) -> None:
        """The operator made ``statement``, for this site."""
        if statement.issuer != self.site:
            raise EvidenceError(f"{name}: of site {statement.issuer}, not {self.site}")
        if statement.kid != self.kid or not self.verifier.signed(statement.id, statement.signature, self.public):
            raise EvidenceError(f"{name}: not signed by the operator's key")

    def head(self, data: bytes, name: str) -> Head:
        """The head that the operator signed in a block."""
        statement = parsed(data, name)
        self.require_signed(statement, name)
        try:
            return block.parse(statement).head
        except WireError as error:
            raise EvidenceError(f"{name}: {error}") from None

    def receipt(self, data: bytes, leaf: bytes, name: str) -> tuple[receipt.Receipt, bytes]:
        """A receipt for ``leaf`` (a statement's bytes), and the tree root that the operator signed in it."""
        try:
            proof = receipt.decode(data)
            root = proof.root(leaf)
        except WireError as error:
            raise EvidenceError(f"{name}: {error}") from None
        if (proof.site, proof.kid) != (self.site, self.kid):
            raise EvidenceError(f"{name}: of another ledger")
        if not self.verifier.signed(cose.digest(proof.protected, root), proof.signature, self.public):
            raise EvidenceError(f"{name}: the operator's signature does not hold for this entry")
        return proof, root

    def enrolled(self, data: bytes, statement: cose.Statement) -> bytes:
        """The public key (64 bytes) that the enrolment entry ``data`` authorises for the meter that made ``statement``."""
        entry = parsed(data, "enrolment")
        self.require_signed(entry, "enrolment")
        try:
            request = cose.parse(Enrolment.decode(entry.payload).request, enrolment.MAX_SIZE)
            public = enrolment.public_of(request)
        except WireError as error:
            raise EvidenceError(f"enrolment: {error}") from None
        if entry.type != Enrolment.TYPE or entry.subject != request.subject:
            raise EvidenceError("enrolment: not the meter's own request")
        if (request.subject, request.kid) != (statement.subject, statement.kid):
            raise EvidenceError(f"enrolment: of another key or meter than {statement.subject}'s")
        if not self.verifier.signed(request.id, request.signature, public):
            raise EvidenceError("enrolment: the meter never showed that it holds the key")
        return public

    def require_meter(self, enrolment_entry: bytes, statement: cose.Statement, name: str) -> bytes:
        """An enrolled meter of this site made ``statement``; its public key (64 bytes)."""
        public = self.enrolled(enrolment_entry, statement)
        if statement.issuer != self.site or not self.verifier.signed(statement.id, statement.signature, public):
            raise EvidenceError(f"{name}: not signed by the meter's key")
        return public
