"""The log ring: the newest whole lines, in a fixed buffer."""

from firmware.meter.log_ring import LogRing


def test_an_empty_ring():
    assert LogRing(16).read() == b""


def test_lines_are_kept_in_order_until_they_no_longer_fit():
    ring = LogRing(16)
    ring.add("one")
    ring.add("two")
    assert ring.read() == b"one\ntwo\n"
    ring.add("three")
    ring.add("four")
    assert ring.read() == b"two\nthree\nfour\n"


def test_a_ring_that_is_just_full_is_whole():
    ring = LogRing(8)
    ring.add("one")
    ring.add("two")
    assert ring.read() == b"one\ntwo\n"


def test_any_lengths_leave_the_newest_whole_lines():
    ring, lines = LogRing(64), []
    for count in range(90):
        line = str(count) + "x" * (count * 7 % 23)
        ring.add(line)
        lines.append(line)
        kept = ring.read().decode().split("\n")[:-1]
        assert kept == lines[len(lines) - len(kept) :]
        assert len(ring.read()) > 64 - 26 or len(kept) == len(lines)


def test_a_line_longer_than_the_ring_keeps_its_end():
    ring = LogRing(8)
    ring.add("0123456789")
    assert ring.read() == b"3456789\n"
    ring.add("ab")
    assert ring.read() == b"ab\n"


def test_the_buffer_never_grows():
    ring = LogRing(8)
    for line in ("ab", "0123456789", "c" * 30):
        ring.add(line)
    assert len(ring._buffer) == 8
