"""A ledger's operator as a third party knows it: by the genesis, and whatever else carries the same signature."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from firmware.wire import cose, enrolment, receipt, rotation
from firmware.wire.fields import WireError

from . import block
from .document import EvidenceError
from .ledger import Head
from .state.entries import Enrolment, Exchange, Genesis


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


_BY_OPERATOR: Mapping[str, Callable[[bytes], bytes]] = {
    Enrolment.TYPE: lambda payload: Enrolment.decode(payload).request,
    Exchange.TYPE: lambda payload: Exchange.decode(payload).request,
}
_BY_METER: Mapping[str, Callable[[bytes], bytes]] = {rotation.TYPE: lambda payload: rotation.decode(payload).request}
KEYS_GRANTED = {**_BY_OPERATOR, **_BY_METER}
"""The types of entries that let a key sign for a meter, and how the request for it is read out of each."""


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

    def require_meter(self, authority: Sequence[bytes], statement: cose.Statement, name: str) -> bytes:
        """A meter of this site made ``statement``, with a key that ``authority`` leads to; that key (64 bytes).

        ``authority`` begins with the enrolment or exchange that the operator signed; each rotation is signed by the key before.
        """
        public, kid = b"", b""
        for data in authority:
            entry = parsed(data, "authority")
            if not public:
                self.require_signed(entry, "authority")
            elif entry.kid != kid or not self.verifier.signed(entry.id, entry.signature, public):
                raise EvidenceError("authority: a rotation is not signed by the key before")
            request = requested(entry, _BY_METER if public else _BY_OPERATOR)
            public, kid = self._offered(request), request.kid
            if (request.issuer, entry.subject, request.subject) != (self.site, statement.subject, statement.subject):
                raise EvidenceError(f"authority: of another meter than {statement.subject}")
        if not public or statement.kid != kid:
            raise EvidenceError(f"authority: of another key than the one that signs for {statement.subject}")
        if statement.issuer != self.site or not self.verifier.signed(statement.id, statement.signature, public):
            raise EvidenceError(f"{name}: not signed by the meter's key")
        return public

    def _offered(self, request: cose.Statement) -> bytes:
        try:
            public = enrolment.public_of(request)
        except WireError as error:
            raise EvidenceError(f"authority: {error}") from None
        if not self.verifier.signed(request.id, request.signature, public):
            raise EvidenceError("authority: the meter never showed that it holds the key")
        return public


def requested(entry: cose.Statement, kinds: Mapping[str, Callable[[bytes], bytes]]) -> cose.Statement:
    """The meter's request for a key that ``entry`` grants, if it is of one of ``kinds``; else EvidenceError."""
    if entry.type not in kinds:
        raise EvidenceError(f"authority: {entry.type} gives nobody a key")
    try:
        return cose.parse(kinds[entry.type](entry.payload), enrolment.MAX_SIZE)
    except WireError as error:
        raise EvidenceError(f"authority: {error}") from None
