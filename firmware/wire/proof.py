"""Merkle proofs (RFC 9162, section 2.1): hashing, and checking inclusion and consistency. The ledger builds the trees."""

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


def check_consistency(first: int, second: int, first_root: bytes, second_root: bytes, path: "list[bytes]") -> None:
    """Check that the tree of ``second`` leaves under ``second_root`` begins with that of ``first`` under ``first_root``.

    Follows RFC 9162, section 2.1.4.2; for two trees of one size the path is empty and the roots are the same.
    WireError unless 1 <= first <= second and the path, exactly as long as the sizes ask for, leads to both roots.
    """
    if not 1 <= first <= second:
        raise WireError("consistency proof: the first tree is not within the second")
    position, last = (first - 1, second - 1) if first < second else (0, 0)
    while position & 1:
        position >>= 1
        last >>= 1
    # the largest complete subtree that ends where the first tree ends: that tree itself, or the path's first hash
    whole = position == 0
    if not whole and not path:
        raise WireError("consistency proof: the path is too short")
    old = new = first_root if whole else path[0]
    for sibling in path if whole else path[1:]:
        if last == 0:
            raise WireError("consistency proof: the path is too long")
        if position & 1 or position == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        position >>= 1
        last >>= 1
    if last:
        raise WireError("consistency proof: the path is too short")
    if old != first_root or new != second_root:
        raise WireError("consistency proof: the path does not lead to both roots")
