"""The standalone receipt: all it takes to check one entry of a ledger without its gateway.

entry      the certificate, or any other signed statement           receipt   its COSE Receipt
enrolment  who may sign for the meter / null if the operator signed the entry, and the enrolment's receipt
genesis    who the operator is, and the genesis's receipt           block     the signed head that the receipt is under
meter_key, operator_key                                             SubjectPublicKeyInfo, for other people's tools
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import cose, der

from .document import Document, EvidenceError
from .ledger import Head
from .operator import Operator, SignatureVerifier, parsed


@dataclass(frozen=True, slots=True)
class Checked:
    """What a standalone receipt proves: that ``statement`` is entry ``index`` of the ledger with ``head``."""

    site: str
    operator: bytes
    statement: cose.Statement
    index: int
    head: Head


@dataclass(frozen=True, slots=True)
class Bundle(Document):
    """A standalone receipt. Fields as above."""

    KIND: ClassVar[str] = "receipt"
    entry: bytes
    receipt: bytes
    authority: tuple[bytes, ...]
    authority_receipts: tuple[bytes, ...]
    genesis: bytes
    genesis_receipt: bytes
    block: bytes
    meter_key: bytes | None
    operator_key: bytes

    def check(self, verifier: SignatureVerifier) -> Checked:
        """What this proves, from the operator named by the genesis inside. EvidenceError if anything does not hold."""
        operator = Operator.of(self.genesis, verifier)
        operator.receipt(self.genesis_receipt, self.genesis, "genesis receipt")
        statement = parsed(self.entry, "entry")
        self._check_author(operator, statement)
        proof, root = operator.receipt(self.receipt, self.entry, "receipt")
        head = operator.head(self.block, "block")
        if (head.size, head.root) != (proof.size, root):
            raise EvidenceError("block: it signs another head than the receipt is under")
        if self.operator_key != der.public_key(operator.public):
            raise EvidenceError("operator_key: not the key of the genesis")
        return Checked(operator.site, operator.public, statement, proof.index, head)

    def _check_author(self, operator: Operator, statement: cose.Statement) -> None:
        if statement.kid == operator.kid:
            operator.require_signed(statement, "entry")
            if self.authority or self.authority_receipts or self.meter_key is not None:
                raise EvidenceError("authority: the operator needs none")
            return
        if len(self.authority) != len(self.authority_receipts):
            raise EvidenceError("authority: one receipt for each entry")
        public = operator.require_meter(self.authority, statement, "entry")
        for entry, proof in zip(self.authority, self.authority_receipts, strict=True):
            operator.receipt(proof, entry, "authority receipt")
        if self.meter_key != der.public_key(public):
            raise EvidenceError("meter_key: not the key that is enrolled")
