"""The serial console: ``log`` and nothing else."""

import asyncio

from firmware.meter import console
from firmware.meter.log_ring import LogRing


class Terminal:
    """Says ``pieces``, then ends; keeps what it was answered."""

    def __init__(self, pieces):
        self.pieces = pieces
        self.answers = []

    async def read(self, _count):
        return self.pieces.pop(0) if self.pieces else b""

    async def write(self, data):
        self.answers.append(data)


def answers(*pieces):
    ring, terminal = LogRing(64), Terminal(list(pieces))
    ring.add("boot 1")
    asyncio.run(console.answer(terminal, ring))
    return terminal.answers


def test_log_shows_the_log():
    assert answers(b"log\r\n") == [b"boot 1\n"]
    assert answers(b"lo", b"g\rlog", b"\n") == [b"boot 1\n", b"boot 1\n"]


def test_anything_else_is_passed_over():
    assert answers(b"help\n", b"x" * 500, b"\nlog") == []
    assert answers(b"x" * 500, b"\nlog\n") == [b"boot 1\n"]
