"""MicroPython on a pseudo-terminal, with the raw REPL of a board."""

import os
import subprocess
import tty
from pathlib import Path

from tools import mpy

MICROPYTHON = mpy.ROOT / ".skerry" / "bin" / "micropython"


class MicropythonLine:
    """It answers at `path` until it is unplugged."""

    def __init__(self) -> None:
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self.path = os.ttyname(self._far)
        program = [str(MICROPYTHON), str(Path(__file__).with_name("raw_repl.py"))]
        self._process = subprocess.Popen(program, stdin=self._near, stdout=self._near, stderr=self._near)

    def unplug(self) -> None:
        """Pull the cable: the board loses its power."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            os.close(self._near)

    def close(self) -> None:
        """Unplug it and put it away."""
        self.unplug()
        os.close(self._far)
