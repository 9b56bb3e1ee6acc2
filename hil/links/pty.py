"""A serial cable without serial ports: two pseudo-terminals whose masters are bridged."""

import asyncio
import os
import tty
from contextlib import suppress

FRAME_MAX = 256
"""Longest Modbus RTU frame in bytes (Modbus over Serial Line V1.02, section 2.5.1)."""


class PtyPair:
    """Two serial device paths; what is written to the one can be read from the other.

    Both stay open here, so that a client may come, die and come back without the line hanging up. Bytes that nobody
    takes are lost once the terminal's buffer is full, as on a wire.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        near_master, near = os.openpty()
        far_master, far = os.openpty()
        self._open = [near_master, near, far_master, far]
        self.device_path = os.ttyname(near)
        self.meter_path = os.ttyname(far)
        for slave in (near, far):
            tty.setraw(slave)
        for source, sink in ((near_master, far_master), (far_master, near_master)):
            os.set_blocking(source, False)
            self._loop.add_reader(source, _carry, source, sink)

    def close(self) -> None:
        """Hang up both ends."""
        near_master, _, far_master, _ = self._open
        for master in (near_master, far_master):
            self._loop.remove_reader(master)
        for descriptor in self._open:
            os.close(descriptor)


def _carry(source: int, sink: int) -> None:
    with suppress(BlockingIOError):
        os.write(sink, os.read(source, FRAME_MAX))
