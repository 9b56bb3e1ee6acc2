"""The grown tree against an independent implementation (scitt_cose.merkle) at every size, index and earlier size."""

import hashlib
import random

import pytest
from scitt_cose import merkle as peer

from blockchain_iface import merkle
from firmware.wire.fields import WireError
from firmware.wire.proof import check_consistency, leaf_hash, root_from_path


class Grown:
    def __init__(self) -> None:
        self.nodes: dict[merkle.Node, bytes] = {}
        self.leaves: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        for node, (digest,) in merkle.grow(len(self.leaves), [leaf_hash(leaf)], self.nodes.__getitem__):
            self.nodes[node] = digest
        self.leaves.append(leaf)


@pytest.fixture(scope="module")
def grown() -> Grown:
    tree = Grown()
    for number in range(70):
        tree.append(b"leaf %d" % number)
    return tree


def test_roots_agree_with_the_peer_at_every_size(grown: Grown) -> None:
    hexes = [leaf.hex() for leaf in grown.leaves]
    for size in range(len(hexes) + 1):
        assert merkle.root(size, grown.nodes.__getitem__).hex() == peer.merkle_root(hexes[:size])


def test_paths_agree_with_the_peer_and_prove_the_root(grown: Grown) -> None:
    hexes = [leaf.hex() for leaf in grown.leaves]
    for size in (1, 2, 3, 7, 8, 9, 33, 64, 70):
        root = merkle.root(size, grown.nodes.__getitem__)
        for index in range(size):
            path = merkle.path(index, size, grown.nodes.__getitem__)
            assert [node.hex() for node in path] == peer.inclusion_proof(hexes[:size], index)
            assert root_from_path(leaf_hash(grown.leaves[index]), index, size, path) == root


def test_many_proofs_at_once_are_the_single_ones_and_a_wrong_leaf_shows(grown: Grown) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    node = grown.nodes.__getitem__
    for size in (1, 2, 3, 7, 8, 9, 33, 64, 70):
        edge = merkle.edge(size, node)
        for count in (1, size // 2 + 1, size):
            some = {index: leaf_hash(grown.leaves[index]) for index in chance.sample(range(size), count)}
            root, paths = merkle.proofs(some, size, node, edge)
            assert root == edge[-1]
            assert paths == {index: merkle.path(index, size, node) for index in some}
            some[chance.choice([*some])] = leaf_hash(b"another")
            assert merkle.proofs(some, size, node, edge)[0] != root


def test_a_path_of_the_wrong_length_proves_nothing(grown: Grown) -> None:
    path = merkle.path(5, 9, grown.nodes.__getitem__)
    for wrong in (path[:-1], [*path, hashlib.sha256(b"").digest()]):
        with pytest.raises(WireError):
            root_from_path(leaf_hash(grown.leaves[5]), 5, 9, wrong)


def test_consistency_agrees_with_the_peer_and_convinces_at_every_pair_of_sizes(grown: Grown) -> None:
    hexes = [leaf.hex() for leaf in grown.leaves]
    roots = [merkle.root(size, grown.nodes.__getitem__) for size in range(len(hexes) + 1)]
    for second in range(1, len(hexes) + 1):
        for first in range(1, second + 1):
            proof = merkle.consistency(first, second, grown.nodes.__getitem__)
            assert [node.hex() for node in proof] == peer.consistency_proof(hexes, first, second)
            check_consistency(first, second, roots[first], roots[second], proof)


def test_no_proof_outside_the_tree(grown: Grown) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.path(9, 9, grown.nodes.__getitem__)
    with pytest.raises(WireError):
        root_from_path(leaf_hash(b""), 9, 9, [])
    for first, second in ((0, 3), (4, 3), (-1, 3)):
        with pytest.raises(ValueError, match="no tree of"):
            merkle.consistency(first, second, grown.nodes.__getitem__)
