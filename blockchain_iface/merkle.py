"""The RFC 9162 tree, grown one leaf at a time from stored complete subtrees. Nothing is ever rebuilt.

A node (level, position) is the hash of the 2^level leaves from position * 2^level on. Complete nodes never change, so any
root and any proof, of the present tree or of an earlier size, comes from O(log n) of them.
"""

import hashlib
from collections.abc import Callable, Iterator

from firmware.wire.proof import node_hash

Node = tuple[int, int]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def grow(size: int, leaf: bytes, node: Callable[[Node], bytes]) -> Iterator[tuple[Node, bytes]]:
    """The nodes that come to be when the leaf hash ``leaf`` is appended to a tree of ``size`` leaves, lowest first."""
    level, position, digest = 0, size, leaf
    yield (level, position), digest
    while position & 1:
        digest = node_hash(node((level, position - 1)), digest)
        level, position = level + 1, position >> 1
        yield (level, position), digest


def root(size: int, node: Callable[[Node], bytes]) -> bytes:
    """The root of the first ``size`` leaves: 32 bytes (RFC 9162, section 2.1.1)."""
    return _range_root(0, size, node) if size else EMPTY_ROOT


def path(index: int, size: int, node: Callable[[Node], bytes]) -> list[bytes]:
    """The inclusion proof of leaf ``index`` in the first ``size`` leaves, bottom up (RFC 9162, section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    siblings = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            siblings.append(_range_root(middle, high, node))
            high = middle
        else:
            siblings.append(_range_root(low, middle, node))
            low = middle
    siblings.reverse()
    return siblings


def consistency(first: int, second: int, node: Callable[[Node], bytes]) -> list[bytes]:
    """The proof that the first ``second`` leaves begin with the first ``first`` ones (RFC 9162, section 2.1.4.1).

    Nothing is needed where both are the same. ValueError unless 1 <= first <= second.
    """
    if not 1 <= first <= second:
        raise ValueError(f"no tree of {second} leaves begins with one of {first}")
    proof = []
    low, high = 0, second
    while high != first:
        middle = low + _split(high - low)
        if first <= middle:
            proof.append(_range_root(middle, high, node))
            high = middle
        else:
            proof.append(_range_root(low, middle, node))
            low = middle
    if low:
        proof.append(_range_root(low, high, node))
    proof.reverse()
    return proof


def _split(count: int) -> int:
    """The largest power of two smaller than ``count`` (> 1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_root(low: int, high: int, node: Callable[[Node], bytes]) -> bytes:
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node((level, low >> level))
    middle = low + _split(count)
    return node_hash(_range_root(low, middle, node), _range_root(middle, high, node))
