"""Consistency proofs against RFC 9162 taken literally, at every pair of sizes, and every way of tampering with one."""

import hashlib

from firmware.wire.fields import WireError
from firmware.wire.proof import check_consistency, leaf_hash, node_hash

LEAVES = 70
FALSE = hashlib.sha256(b"false").digest()
LONGER = [FALSE]


def split(count):
    size = 1
    while size * 2 < count:
        size *= 2
    return size


class Literal:
    """MTH and SUBPROOF as sections 2.1.1 and 2.1.4.1 define them, over the leaves [low, high)."""

    def __init__(self):
        self.known = {}

    def mth(self, low, high):
        if (low, high) not in self.known:
            if high - low == 1:
                digest = leaf_hash(b"leaf %d" % low)
            else:
                middle = low + split(high - low)
                digest = node_hash(self.mth(low, middle), self.mth(middle, high))
            self.known[low, high] = digest
        return self.known[low, high]

    def subproof(self, m, low, high, known):
        n = high - low
        if m == n:
            return [] if known else [self.mth(low, high)]
        middle = low + split(n)
        if low + m <= middle:
            proof = self.subproof(m, low, middle, known)
            proof.append(self.mth(middle, high))
        else:
            proof = self.subproof(low + m - middle, middle, high, False)
            proof.append(self.mth(low, middle))
        return proof


TREE = Literal()


def refused(*arguments):
    try:
        check_consistency(*arguments)
    except WireError:
        return True
    return False


def pairs():
    for second in range(1, LEAVES + 1):
        for first in range(1, second + 1):
            yield first, second, TREE.mth(0, first), TREE.mth(0, second), TREE.subproof(first, 0, second, True)


def test_the_examples_of_section_2_1_5():
    mth, root = TREE.mth, TREE.mth(0, 7)
    for first, path in (
        (3, [mth(2, 3), mth(3, 4), mth(0, 2), mth(4, 7)]),
        (4, [mth(4, 7)]),
        (6, [mth(4, 6), mth(6, 7), mth(0, 4)]),
    ):
        assert TREE.subproof(first, 0, 7, True) == path
        check_consistency(first, 7, mth(0, first), root, path)


def test_every_true_proof_convinces():
    for case in pairs():
        check_consistency(*case)


def test_a_changed_root_or_hash_is_refused():
    for first, second, old, new, path in pairs():
        assert refused(first, second, FALSE, new, path), (first, second)
        assert refused(first, second, old, FALSE, path), (first, second)
        for at in range(len(path)):
            wrong = list(path)
            wrong[at] = FALSE
            assert refused(first, second, old, new, wrong), (first, second, at)


def test_a_path_of_another_length_is_refused():
    for first, second, old, new, path in pairs():
        assert refused(first, second, old, new, path + LONGER), (first, second)
        assert not path or refused(first, second, old, new, path[:-1]), (first, second)
        assert not path or refused(first, second, old, new, path[1:]), (first, second)
        assert not path or refused(first, second, old, new, []), (first, second)


def test_other_sizes_are_refused():
    mth = TREE.mth
    for first, second, old, new, path in pairs():
        if first != second:
            assert refused(second, first, new, old, path), (first, second)
        assert refused(0, second, old, new, path)
    # two trees of one size are one tree
    assert refused(5, 5, mth(0, 5), mth(0, 6), [])
    # a proof from 3 to 7 is none from 3 to 15, nor from 5 to 7
    path = TREE.subproof(3, 0, 7, True)
    assert refused(3, 15, mth(0, 3), mth(0, 15), path)
    assert refused(5, 7, mth(0, 5), mth(0, 7), path)


def test_a_path_that_leads_to_a_smaller_or_a_larger_tree_is_refused():
    mth, path = TREE.mth, TREE.subproof(3, 0, 4, True)
    assert refused(3, 8, mth(0, 3), mth(0, 4), path)
    assert refused(3, 4, node_hash(FALSE, mth(0, 3)), node_hash(FALSE, mth(0, 4)), path + LONGER)
