"""MicroPython on this machine: the interpreter that a Raspberry Pi has, a process a meter."""

import shutil
from pathlib import Path

from ..bench.processes import ROOT, Failed


class Unix:
    """The firmware's sources on the unix port. See Target."""

    name = "unix"

    def identity(self, config: Path) -> list[str]:
        """Prints a meter's identity, and makes its keys on first use."""
        return [_interpreter(), "-m", "firmware.main", "--identity", str(config)]

    def run(self, config: Path) -> list[str]:
        """Runs the meter until it is killed."""
        return [_interpreter(), "-m", "firmware.main", str(config)]

    def read_flash(self, flash: Path) -> list[str]:
        """Prints what a stopped meter's flash holds."""
        return [_interpreter(), "-m", "hil.bench.read_flash", str(flash)]


def _interpreter() -> str:
    """The one that set-up has left in the checkout, or the machine's own."""
    brought = ROOT / ".skerry" / "bin" / "micropython"
    found = str(brought) if brought.exists() else shutil.which("micropython")
    if found is None:
        raise Failed("there is no MicroPython here: `make setup` brings it")
    return found
