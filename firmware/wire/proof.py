"""Merkle inclusion proofs (RFC 9162, section 2.1): hashing, and checking a path. The ledger builds the trees."""

import hashlib

from .fields import WireError

MAX_PATH = 63


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf): 32 bytes (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right): 32 bytes (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_from_path(leaf: bytes, index: int, size: int, path: "list[bytes]") -> bytes:
    """The root of a tree of ``size`` leaves in which the leaf with hash ``leaf`` stands at ``index``.

    Follows RFC 9162, section 2.1.3.2. WireError if the path has not exactly the length that index and size ask for.
    """
    if not 0 <= index < size:
        raise WireError("inclusion proof: the index is outside the tree")
    position, last = index, size - 1
    root = leaf
    for sibling in path:
        if last == 0:
            raise WireError("inclusion proof: the path is too long")
        if position & 1 or position == last:
            root = node_hash(sibling, root)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise WireError("inclusion proof: the path is too short")
    return root
