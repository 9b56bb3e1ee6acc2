"""A serial cable without serial ports: two pseudo-terminals whose masters are bridged."""

import asyncio
import os
import tty
from contextlib import suppress

from ..faults.bus import Rtu
from .interference import Answer

FRAME_MAX = 256
"""Longest Modbus RTU frame in bytes (Modbus over Serial Line V1.02, section 2.5.1)."""


class PtyPair:
    """Two serial device paths; what is written to the one can be read from the other.

    Both stay open here, so that a client may come, die and come back without the line hanging up. Bytes that nobody
    takes are lost once the terminal's buffer is full, as on a wire. The device's frames reach the meter as `answer` says.
    """

    def __init__(self, answer: Answer) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer = answer
        self._heard = b""
        self._free_at = 0.0
        near_master, near = os.openpty()
        far_master, far = os.openpty()
        self._open = [near_master, near, far_master, far]
        self.device_path = os.ttyname(near)
        self.meter_path = os.ttyname(far)
        for slave in (near, far):
            tty.setraw(slave)
        for master in (near_master, far_master):
            os.set_blocking(master, False)
        self._loop.add_reader(far_master, self._request)
        self._loop.add_reader(near_master, self._reply)

    def close(self) -> None:
        """Hang up both ends."""
        near_master, _, far_master, _ = self._open
        for master in (near_master, far_master):
            self._loop.remove_reader(master)
        for descriptor in self._open:
            os.close(descriptor)
        self._open = []

    def _request(self) -> None:
        near_master, _, far_master, _ = self._open
        with suppress(BlockingIOError):
            os.write(near_master, os.read(far_master, FRAME_MAX))
            self._heard = b""

    def _reply(self) -> None:
        with suppress(BlockingIOError):
            self._heard += os.read(self._open[0], FRAME_MAX)
        if len(self._heard) < _length(self._heard):
            return
        message, self._heard = self._heard[:-2], b""
        at = max(self._loop.time(), self._free_at)
        for piece in self._answer(message, Rtu()):
            at += piece.delay_s
            self._loop.call_at(at, self._to_meter, piece.data)
        self._free_at = at

    def _to_meter(self, data: bytes) -> None:
        with suppress(BlockingIOError):
            if self._open:
                os.write(self._open[2], data)


def _length(frame: bytes) -> int:
    """Bytes of the frame that begins so: the answer to a read, or an exception."""
    if len(frame) < 3:
        return 3
    return 5 if frame[1] & 0x80 else 5 + frame[2]
