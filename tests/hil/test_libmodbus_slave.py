"""The firmware's master on MicroPython reads a slave by libmodbus, on TCP and on a serial line."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hil.links.pty import PtyPair
from hil.links.server import undisturbed

from .libmodbus_slave import FIRST

ROOT = Path(__file__).parents[2]
MICROPYTHON = ROOT / ".skerry" / "bin" / "micropython"
SLAVE = Path(__file__).with_name("libmodbus_slave.py")
MASTER = """
import asyncio
from firmware.hal.unix import Board
from firmware.meter.config import Bus
from firmware.meter.link import open_link

async def main(link):
    for function, address, count in {reads}:
        print(*await link.read(1, function, address, count))

asyncio.run(main(open_link(Board("{flash}"), Bus({bus}))))
"""
READS = [(3, FIRST, 1), (4, FIRST, 2), (3, FIRST + 7, 125), (4, FIRST + 375, 125), (3, FIRST + 499, 1)]


@contextmanager
def cable() -> Iterator[PtyPair]:
    """A serial cable whose bytes are carried by a thread."""
    loop = asyncio.new_event_loop()
    laid: list[PtyPair] = []
    ready = threading.Event()

    async def lay() -> None:
        laid.append(PtyPair(undisturbed))
        ready.set()

    laying = loop.create_task(lay())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    assert ready.wait(5)
    assert laying
    try:
        yield laid[0]
    finally:
        loop.call_soon_threadsafe(laid[0].close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def read(tmp_path: Path, bus: str) -> list[list[int]]:
    """What the firmware reads, line by line."""
    script = MASTER.format(reads=READS, flash=tmp_path / "flash", bus=bus)
    done = subprocess.run([MICROPYTHON, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [[int(register) for register in line.split()] for line in done.stdout.splitlines()]


@contextmanager
def slave(*arguments: str) -> Iterator[str]:
    """A running slave, and what it said first."""
    with subprocess.Popen([sys.executable, str(SLAVE), *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_every_register_is_the_one_that_was_asked_for(tmp_path: Path, kind: str) -> None:
    expected = [list(range(address, address + count)) for _, address, count in READS]
    if kind == "tcp":
        with slave("tcp") as port:
            assert read(tmp_path, f'"tcp", host="127.0.0.1", port={port}') == expected
    else:
        with cable() as line, slave("rtu", line.device_path) as said:
            assert said == "open"
            assert read(tmp_path, f'"rtu", path="{line.meter_path}", baud=115200') == expected
