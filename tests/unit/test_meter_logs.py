"""`skerry meter logs` before the meter's own console, on a pseudo-terminal."""

import asyncio
import os
import tty
from collections.abc import Iterator
from threading import Thread

import pytest
from typer.testing import CliRunner

from firmware.meter import console
from firmware.meter.log_ring import LogRing
from tools.meter.cli import app


class Line:
    """The board's end of the line, as a stream of the firmware's."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def read(self, count: int) -> bytes:
        try:
            return await asyncio.to_thread(os.read, self._descriptor, count)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        os.write(self._descriptor, data)

    def close(self) -> None:
        pass


@pytest.fixture
def port() -> Iterator[tuple[str, LogRing]]:
    near, far = os.openpty()
    tty.setraw(far)
    ring = LogRing()
    thread = Thread(target=lambda: asyncio.run(console.answer(Line(near), ring)))
    thread.start()
    yield os.ttyname(far), ring
    os.close(far)
    thread.join()
    os.close(near)


def test_the_newest_lines_come_and_the_meter_goes_on(port: tuple[str, LogRing]) -> None:
    path, ring = port
    for line in ("bus: unit 1 answers", "link: connected"):
        ring.add(line)
    for _ in range(2):
        done = CliRunner().invoke(app, ["logs", path])
        assert (done.exit_code, done.stdout) == (0, ring.read().decode()), done.output
    assert "link: connected" in done.stdout


def test_silence_is_named() -> None:
    near, far = os.openpty()
    tty.setraw(far)
    try:
        done = CliRunner().invoke(app, ["logs", os.ttyname(far)])
    finally:
        os.close(near)
        os.close(far)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no meter answers. Is it running?" in done.stderr
