"""An emulated ESP32 on a pseudo-terminal, whose cable can be pulled."""

import os
import select
import tty
from threading import Thread

from tests.esp32_rom import Rom


class Esp32Line:
    """The chip on a serial line at `path`; `pull_after` programmed bytes the cable is pulled, for good."""

    def __init__(self, rom: Rom, pull_after: int | None = None) -> None:
        rom.begin()
        self._rom = rom
        self._pull_at = None if pull_after is None else rom.written + pull_after
        self._near, far = os.openpty()
        tty.setraw(far)
        self.path = os.ttyname(far)
        self._far = far
        self._stopped, self._stop = os.pipe()
        self._thread = Thread(target=self._run, name="esp32")
        self._thread.start()

    def close(self) -> None:
        """Unplug it."""
        os.write(self._stop, b".")
        self._thread.join()
        # not before, or the next one to ask for a pseudo-terminal would get this path
        for descriptor in (self._stop, self._stopped, self._far):
            os.close(descriptor)

    def _run(self) -> None:
        while self._stopped not in select.select([self._near, self._stopped], [], [])[0]:
            os.write(self._near, self._rom.feed(os.read(self._near, 4096)))
            if self._pull_at is not None and self._rom.written >= self._pull_at:
                break
        os.close(self._near)
