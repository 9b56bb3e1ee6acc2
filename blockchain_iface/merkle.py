"""The RFC 9162 tree, grown from stored complete subtrees. Nothing is ever rebuilt.

A node (level, position) is the hash of the 2^level leaves from position * 2^level on. Complete nodes never change, so any
root and any proof, of the present tree or of an earlier size, comes from O(log n) of them.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from firmware.wire.proof import node_hash

Node = tuple[int, int]
EMPTY_ROOT = hashlib.sha256(b"").digest()


def grow(size: int, leaves: Sequence[bytes], node: Callable[[Node], bytes]) -> Iterator[tuple[Node, list[bytes]]]:
    """The nodes that come to be when leaf hashes are appended to a tree of ``size`` leaves, lowest level first.

    Of each level the first new node, and the hashes of the new ones from there on.
    """
    level, position, run = 0, size, list(leaves)
    while run:
        yield (level, position), run
        if position & 1:
            run = [node((level, position - 1)), *run]
        run = [node_hash(left, right) for left, right in zip(run[::2], run[1::2], strict=False)]
        level, position = level + 1, position >> 1


def edge(size: int, node: Callable[[Node], bytes]) -> list[bytes]:
    """The right edge of the first ``size`` leaves, from leaf to root: by level, the hash of whatever is below the last node."""
    last = size - 1
    hashes = [node((0, last))]
    for level in range(last.bit_length()):
        left = last >> level
        hashes.append(node_hash(node((level, left - 1)), hashes[-1]) if left & 1 else hashes[-1])
    return hashes


def root(size: int, node: Callable[[Node], bytes]) -> bytes:
    """The root of the first ``size`` leaves: 32 bytes (RFC 9162, section 2.1.1).

    Only the roots of its largest complete subtrees are asked for, one for each bit of ``size``.
    """
    digest = EMPTY_ROOT
    for level in range(size.bit_length()):
        if size >> level & 1:
            peak = node((level, (size >> level) - 1))
            digest = peak if digest is EMPTY_ROOT else node_hash(peak, digest)
    return digest


def path(index: int, size: int, node: Callable[[Node], bytes], right: Sequence[bytes] = ()) -> list[bytes]:
    """The inclusion proof of leaf ``index`` in the first ``size`` leaves, bottom up (RFC 9162, section 2.1.3.1).

    Whoever asks for many of one size gives their ``edge`` as ``right``. ValueError if the leaf is not in the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    return _siblings((0, index), size, node, right or edge(size, node))


def proofs(
    leaves: Mapping[int, bytes], size: int, node: Callable[[Node], bytes], right: Sequence[bytes]
) -> tuple[bytes, dict[int, list[bytes]]]:
    """The inclusion proofs of ``leaves`` (hashes by index) in the first ``size`` leaves, and the root to which they all lead.

    What they share is hashed once, so a thousand neighbours cost two hashes each. ``right`` is the tree's edge.
    """
    found, last = dict(leaves), size - 1
    beside: list[dict[int, bytes | None]] = []
    for level in range(last.bit_length()):
        siblings: dict[int, bytes | None] = {}
        parents: dict[int, bytes] = {}
        for position, digest in found.items():
            other = position ^ 1
            sibling = found.get(other)
            if sibling is None and other <= last:
                sibling = right[level] if other == last else node((level, other))
            siblings[position] = sibling
            if sibling is None:
                parents[position >> 1] = digest
            elif position >> 1 not in parents:
                parents[position >> 1] = node_hash(sibling, digest) if position & 1 else node_hash(digest, sibling)
        beside.append(siblings)
        found, last = parents, last >> 1
    paths = {index: [one for level, row in enumerate(beside) if (one := row[index >> level])] for index in leaves}
    return found[0], paths


def consistency(first: int, second: int, node: Callable[[Node], bytes]) -> list[bytes]:
    """The proof that the first ``second`` leaves begin with the first ``first`` ones (RFC 9162, section 2.1.4.1).

    Nothing is needed where both are the same. ValueError unless 1 <= first <= second.
    """
    if not 1 <= first <= second:
        raise ValueError(f"no tree of {second} leaves begins with one of {first}")
    if first == second:
        return []
    # the largest complete subtree that ends where the first tree ends; known to who knows the first root if it is all of it
    level = (first & -first).bit_length() - 1
    position = (first - 1) >> level
    known = [node((level, position))] if position else []
    return known + _siblings((level, position), second, node, edge(second, node))


def _siblings(start: Node, size: int, node: Callable[[Node], bytes], right: Sequence[bytes]) -> list[bytes]:
    """What is beside the way from ``start`` up to the root of ``size`` leaves, bottom up."""
    level, position = start
    last = (size - 1) >> level
    siblings = []
    while last:
        sibling = position ^ 1
        if sibling < last:
            siblings.append(node((level, sibling)))
        elif sibling == last:
            siblings.append(right[level])
        level, position, last = level + 1, position >> 1, last >> 1
    return siblings
