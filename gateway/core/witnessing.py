"""Other gateways' cosignatures of this ledger's heads, put on record."""

from blockchain_iface.checkpoint import Checkpoint
from blockchain_iface.ledger import Rejected
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Cosigned

from .writer import Writer


def record_cosignatures(writer: Writer, checkpoint: Checkpoint, verifier: Verifier, now: int) -> None:
    """Write the cosignatures in ``checkpoint``; those that are there already are passed over.

    Raises:
        EvidenceError: it does not hold.
        Rejected: it is not of this ledger, or not of its history.
        Unavailable: bring it again.
    """
    seen = checkpoint.check(verifier)
    if seen.operator.public != writer.signer.public:
        raise Rejected(b"", "the checkpoint is of another ledger")
    if writer.ledger.root(seen.head.size) != seen.head.root:
        raise Rejected(b"", "this ledger has another history than its witnesses saw: see what `skerry ledger audit` says")
    said = zip(seen.witnesses, checkpoint.witnesses, checkpoint.cosignatures, strict=True)
    for (name, _), genesis, cosignature in said:
        writer.write(name, Cosigned(genesis, cosignature), now)
