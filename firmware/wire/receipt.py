"""Receipts: COSE Receipts (RFC 9942) with an inclusion proof over the ledger's RFC 9162 tree.

    receipt  = #6.18([bstr .cbor {1: -7, 4: kid8, 15: {1: site, 2: "ledger"}, 395: 1},
                      {396: {-1: [bstr .cbor [tree size, leaf index, [*path]]]}}, null, bstr .size 64])
    envelope = [kind, number, receipt]       what travels on down/receipt; kind 0 = certificate, 1 = event, 2 = rotation

The signed payload is the detached tree root, so one signature serves every receipt under one head, and a meter that
catches up checks it once.
"""

import hashlib

from . import cbor, cose, es256, proof
from .fields import WireError, bytes_of, list_of, map_of, uint_of
from .signer import Signer
from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .steps import Steps

MAX_SIZE = 4096
LEDGER = "ledger"
CERTIFICATE, EVENT = KINDS = (0, 1)  # kinds of statement that a meter keeps until their receipt; each has its own numbers
ROTATION = 2  # numbered by the first certificate of the new key
_THREE, _NODE = b"\x83", b"\x58\x20"  # heads of an array of three items, and of a byte string of 32 bytes
_VDS, _VDP, _INCLUSION, _RFC9162_SHA256 = 395, 396, -1, 1


class Receipt:
    """A parsed receipt: ``index`` and ``size`` of leaf and tree; ``path`` of 32-byte siblings, bottom up."""

    __slots__ = ("index", "kid", "path", "protected", "signature", "site", "size")

    def __init__(
        self, kid: bytes, site: str, protected: bytes, size: int, index: int, path: "list[bytes]", signature: bytes
    ) -> None:
        self.kid = kid
        self.site = site
        self.protected = protected
        self.size = size
        self.index = index
        self.path = path
        self.signature = signature

    def root(self, leaf: bytes) -> bytes:
        """The tree root under which this receipt puts ``leaf`` (a statement's bytes). WireError for a bad path."""
        return proof.root_from_path(proof.leaf_hash(leaf), self.index, self.size, self.path)


def _protected(kid: bytes, site: str) -> bytes:
    claims = {cose.ISSUER: site, cose.SUBJECT: LEDGER}
    return cbor.encode({cose.ALG: cose.ES256, cose.KID: kid, cose.CWT_CLAIMS: claims, _VDS: _RFC9162_SHA256})


def head_digest(kid: bytes, site: str, root: bytes) -> bytes:
    """What is signed for the head with this ``root``: SHA-256 of the receipts' Sig_structure, 32 bytes."""
    return cose.digest(_protected(kid, site), root)


def sign_head(signer: Signer, site: str, root: bytes) -> bytes:
    """The signature (64 bytes) that every receipt under the head with this ``root`` carries."""
    return signer.sign(head_digest(signer.kid, site, root))


class Head:
    """A signed head, ready to give the receipts under it."""

    def __init__(self, kid: bytes, site: str, size: int, signature: bytes) -> None:
        """The head of ``size`` leaves (see sign_head). All of its receipts are the same around the inclusion proof."""
        hollow = cbor.encode(cbor.Tagged(18, [_protected(kid, site), {_VDP: {_INCLUSION: [b""]}}, None, signature]))
        after = cbor.encode(None) + cbor.encode(signature)
        self._size = cbor.encode(size)
        self._before, self._after = hollow[: -1 - len(after)], after

    def receipt(self, index: int, path: "list[bytes]") -> bytes:
        """The receipt of the leaf at ``index``, from its inclusion proof."""
        # what cbor.encode makes of [size, index, path], without a look at each node
        inclusion = bytearray(_THREE + self._size)
        cbor.head(cbor.UINT, index, inclusion)
        cbor.head(cbor.ARRAY, len(path), inclusion)
        inclusion.extend(b"".join([_NODE + node for node in path]))
        return self._before + cbor.encode(inclusion) + self._after


def encode(kid: bytes, site: str, size: int, index: int, path: "list[bytes]", signature: bytes) -> bytes:
    """A receipt's bytes, from a head's signature and one leaf's proof."""
    return Head(kid, site, size, signature).receipt(index, path)


def decode(data: bytes) -> Receipt:
    """A receipt's parts, form checked. WireError for anything but the one canonical form."""
    return finish(decode_steps(data))


def decode_steps(data: bytes) -> "Steps[Receipt]":
    """As ``decode``, in steps (see steps)."""
    if len(data) > MAX_SIZE:
        raise WireError(f"receipt: {len(data)} bytes, at most {MAX_SIZE} are accepted")
    outer = cbor.decode(data, 6)
    if not isinstance(outer, cbor.Tagged):
        raise WireError("not a COSE_Sign1")
    protected, unprotected, payload, signature = list_of(outer.value, "receipt", 4, 4)
    if not isinstance(protected, bytes) or payload is not None:
        raise WireError("receipt: the root is detached")
    signature = bytes_of(signature, "signature", 64)
    if not es256.is_low_s(signature):
        raise WireError("the signature is out of range or has a high s")
    yield
    kid, site = _parse_header(protected)
    yield
    size, index, path = _parse_proof(unprotected)
    return Receipt(kid, site, protected, size, index, path, signature)


def _parse_header(protected: bytes) -> "tuple[bytes, str]":
    header = map_of(cbor.decode(protected, 3), "protected header", (cose.ALG, cose.KID, cose.CWT_CLAIMS, _VDS))
    kid = bytes_of(header[cose.KID], "kid", 8)
    claims = map_of(header[cose.CWT_CLAIMS], "claims", (cose.ISSUER, cose.SUBJECT))
    site = claims[cose.ISSUER]
    if not isinstance(site, str) or protected != _protected(kid, site):
        raise WireError("receipt: the protected header is not ours")
    return kid, site


def _parse_proof(unprotected: object) -> "tuple[int, int, list[bytes]]":
    proofs = map_of(map_of(unprotected, "unprotected header", (_VDP,))[_VDP], "proofs", (_INCLUSION,))
    (inclusion,) = list_of(proofs[_INCLUSION], "inclusion proofs", 1, 1)
    if not isinstance(inclusion, bytes):
        raise WireError("an inclusion proof is a byte string")
    size, index, path = list_of(cbor.decode(inclusion, 3), "inclusion proof", 3, 3)
    nodes = [bytes_of(node, "path node", 32) for node in list_of(path, "path", 0, proof.MAX_PATH)]
    return uint_of(size, "tree size", 1), uint_of(index, "leaf index", 0), nodes


def wrap(kind: int, number: int, data: bytes) -> bytes:
    """The envelope for ``down/receipt``."""
    return cbor.encode([kind, number, data])


def unwrap(data: bytes) -> "tuple[int, int, bytes]":
    """(kind, number, receipt bytes) of an envelope. WireError if it is none."""
    kind, number, inner = list_of(cbor.decode(data, 2), "envelope", 3, 3)
    if not isinstance(inner, bytes):
        raise WireError("envelope: the receipt is a byte string")
    return uint_of(kind, "kind", CERTIFICATE, ROTATION), uint_of(number, "number", 1, 0xFFFFFFFF), inner


class Verifier:
    """Checks one gateway's receipts and remembers the last head whose signature held."""

    def __init__(self, site: str, public: bytes) -> None:
        """``public``: the gateway's key, 64 bytes."""
        self.site = site
        self.public = public
        self._known = b""

    def check(self, data: bytes, leaf: bytes) -> "tuple[int, bytes]":
        """(tree size, root) of the head that ``data`` proves ``leaf`` to be under; WireError if it proves nothing."""
        return finish(self.check_steps(data, leaf))

    def check_steps(self, data: bytes, leaf: bytes) -> "Steps[tuple[int, bytes]]":
        """As ``check``, in steps (see steps)."""
        receipt = yield from decode_steps(data)
        yield
        if receipt.site != self.site:
            raise WireError("receipt: of another site")
        root = receipt.root(leaf)
        digest = cose.digest(receipt.protected, root)
        head = hashlib.sha256(digest + receipt.signature).digest()
        yield
        if head != self._known:
            genuine = yield from es256.verify_steps(self.public, digest, receipt.signature)
            if not genuine:
                raise WireError("receipt: the signature is not the gateway's")
            self._known = head
        return receipt.size, root
