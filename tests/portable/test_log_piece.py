"""Pieces of the log: whole again in order, and strict."""

from firmware.wire import cbor, log_piece
from firmware.wire.fields import WireError


def refused(data):
    try:
        log_piece.decode(data)
    except WireError:
        return True
    return False


def test_a_log_is_whole_again():
    for size in (0, 1, log_piece.LONGEST, log_piece.LONGEST + 1, 4096):
        log = bytes(range(256)) * 16
        pieces = [log_piece.decode(piece) for piece in log_piece.split(log[:size])]
        assert [piece[0] for piece in pieces] == list(range(len(pieces)))
        assert {piece[1] for piece in pieces} == {len(pieces)}
        assert b"".join([piece[2] for piece in pieces]) == log[:size]


def test_one_piece_is_these_bytes():
    assert list(log_piece.split(b"x\n")) == [bytes.fromhex("83000142780a")]


def test_a_piece_is_strict():
    assert not refused(cbor.encode([0, 1, b""]))
    for piece in ([0, 1], [0, 1, "x"], [1, 1, b""], [-1, 1, b""], [0, 65, b""], [0, 1, bytes(513)], {0: 1}):
        assert refused(cbor.encode(piece)), piece
