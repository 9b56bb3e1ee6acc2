"""Witnesses: this site's gateway cosigns others' checkpoints, the last of each kept in ``witness/``, and others cosign ours."""

from hashlib import sha256

from blockchain_iface.archive import Archive
from blockchain_iface.checkpoint import Checkpoint, Equivocation, cosign
from blockchain_iface.document import EvidenceError, read
from blockchain_iface.signatures import Verifier

from .adapters import files, keystore
from .site import Site


def witness(site: Site, data: bytes, now: int) -> Checkpoint:
    """The checkpoint in ``data`` with this gateway's cosignature, made at Unix second ``now``.

    Raises:
        EvidenceError: it does not hold, or does not prove that it goes on from the last one cosigned here.
        Equivocation: the operator signed two histories; what convicts it is in ``witness/`` from now on.
        LedgerError: this site's own ledger cannot be read.
    """
    checkpoint, verifier = read(data, [Checkpoint]), Verifier()
    name = checkpoint.check(verifier).operator.site
    kept = site.root / "witness" / f"{name}.json"
    kept.parent.mkdir(exist_ok=True)
    with files.locked(kept.parent / "lock"):
        last = read(kept.read_bytes(), [Checkpoint]) if kept.exists() else None
        own = Archive(site.ledger).genesis().data
        try:
            signed = cosign(checkpoint, last, keystore.load(site.keys), own, now, verifier)
        except Equivocation as proof:
            files.write(kept.parent / f"{name}-conviction.json", proof.conviction.to_json().encode())
            raise
        site.note("checkpoint", name)
        files.write(kept, signed.to_json().encode())
    return signed


def witnessed(site: Site, data: bytes) -> list[str]:
    """Hand the checkpoint in ``data``, a head of this site's ledger, to the gateway to be recorded: who has cosigned it.

    EvidenceError if it does not hold, is of another ledger, or has no witness.
    """
    checkpoint = read(data, [Checkpoint])
    seen = checkpoint.check(Verifier())
    if seen.operator.public != keystore.load(site.keys).public:
        raise EvidenceError(f"the checkpoint is of {seen.operator.site}'s ledger, not of this site's")
    if not seen.witnesses:
        raise EvidenceError("nobody has cosigned this checkpoint: `skerry gateway cosign` does it, at another site")
    for name, _ in seen.witnesses:
        site.note("checkpoint", name)
    site.checkpoints.drop(sha256(data).hexdigest()[:16], checkpoint.to_json().encode())
    return [name for name, _ in seen.witnesses]
