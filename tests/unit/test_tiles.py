"""Tree nodes in tiles: each in a place of its own, drafted and kept or dropped, and never guessed."""

import pytest

from blockchain_iface import merkle
from blockchain_iface.ledger import Corrupt
from blockchain_iface.tiles import SIZE, Tiles, place
from firmware.wire.proof import leaf_hash

LEAVES = 64 * 64 + 65


def grown(leaves: int) -> tuple[Tiles, dict[int, bytes]]:
    stored: dict[int, bytes] = {}
    tiles = Tiles(stored.get)
    for size in range(0, leaves, 7):
        batch = [leaf_hash(b"%d" % number) for number in range(size, min(size + 7, leaves))]
        for first, hashes in merkle.grow(size, batch, tiles.node):
            tiles.put(first, hashes)
    stored.update({key: bytes(tile) for key, tile in tiles.draft().items()})
    tiles.keep()
    return tiles, stored


def test_every_node_has_a_place_of_its_own_within_a_tile() -> None:
    nodes = [(level, position) for level in range(14) for position in range(1 << 14 - level)]
    places = [place(node) for node in nodes]
    assert len(set(places)) == len(nodes)
    assert all(offset % 32 == 0 and 0 <= offset <= SIZE - 32 for _, offset in places)


def test_what_was_stored_is_read_again() -> None:
    _, stored = grown(LEAVES)
    assert len(stored) == 64 + 2 + 2 + 1
    again, plain = Tiles(stored.get), dict[merkle.Node, bytes]()
    for size in range(LEAVES):
        for node, (digest,) in merkle.grow(size, [leaf_hash(b"%d" % size)], plain.__getitem__):
            plain[node] = digest
    assert all(again.node(node) == digest for node, digest in plain.items())


def test_a_dropped_draft_leaves_nothing() -> None:
    tiles, stored = grown(70)
    before = dict(stored)
    tiles.put((0, 70), [bytes([1]) * 32])
    tiles.drop()
    assert not tiles.draft()
    with pytest.raises(Corrupt, match=r"tree node \(0, 70\) is missing"):
        tiles.node((0, 70))
    tiles.put((0, 71), [bytes([2]) * 32])
    assert bytes(tiles.draft()[place((0, 71))[0]])[6 * 32 : 7 * 32] == bytes(32)
    assert stored == before


def test_tiles_are_forgotten_when_somebody_else_has_written() -> None:
    tiles, stored = grown(3)
    key, _ = place((0, 3))
    stored[key] = grown(4)[1][key]
    tiles.forget()
    assert tiles.node((0, 3)) == leaf_hash(b"3")


def test_no_more_tiles_than_16_mb_are_remembered() -> None:
    reads = []
    tiles = Tiles(lambda key: reads.append(key) or bytes([1]) * SIZE)  # type: ignore[func-returns-value]
    for _ in range(2):
        for tile in range(4096):
            tiles.node((0, 64 * tile))
    assert len(reads) == 4096
    tiles.node((0, 64 * 4096))
    tiles.node((0, 0))
    assert len(reads) == 4098


def test_a_missing_node_and_a_tile_cut_short_are_damage() -> None:
    with pytest.raises(Corrupt, match="is missing"):
        Tiles(lambda _: None).node((0, 0))
    with pytest.raises(Corrupt, match="has 4031 bytes, not 4032"):
        Tiles(lambda _: bytes([1]) * (SIZE - 1)).node((0, 0))
