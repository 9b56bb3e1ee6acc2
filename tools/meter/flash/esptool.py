"""esptool as a process of its own: it is under the GPL and speaks with the ROM of every ESP32.

It talks to the ROM alone, without the program that it can load into the chip's memory: one way less to fail, and the one
way that is tested. The ROM inflates, and at 460,800 baud 1.7 MB take 40 s.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..errors import BenchError, PortError

_BAUD = 460_800
_CHIP = re.compile(r"Connected to (\S+) on")
_MAC = re.compile(r"^MAC:\s+([0-9a-f:]{17})", re.MULTILINE)
_SIZE = re.compile(r"Detected flash size: (\d+)(KB|MB)")
_DONE = re.compile(r"(\d+\.\d)%")
_FATAL = re.compile(r"A (?:fatal|serial exception) error occurred: (.*)")
_SHIFT = {"KB": 10, "MB": 20}
_KEPT = ["--flash-mode", "keep", "--flash-freq", "keep", "--flash-size", "keep"]

Progress = Callable[[float], None]
"""progress(percent): how much is written."""


class FlashError(BenchError):
    """The board could not be written, or does not hold what was written."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A chip in its bootloader: `name` as "ESP32-S3", `mac` as "24:0a:c4:12:34:56", `flash_size` in bytes."""

    name: str
    mac: str
    flash_size: int


class Esptool:
    """The tool on one port. FlashError if it is not installed."""

    def __init__(self, port: str) -> None:
        if find_spec("esptool") is None:
            raise FlashError("esptool is not installed. `pip install skerry[flash]` brings it")
        self._port = port

    def identify(self) -> Chip:
        """Which chip this is. PortError if none answers."""
        status, said = self._run(["flash-id"], lambda _: None)
        name, mac, size = _CHIP.search(said), _MAC.search(said), _SIZE.search(said)
        if status or name is None or mac is None:
            raise PortError(
                f"{self._port}: no ESP32 answers in its bootloader ({_why(said)}). Look at port and cable; some boards want "
                "BOOT held down while they are plugged in"
            )
        if size is None:
            raise FlashError(f"{self._port}: the flash of this {name[1]} does not say its size: another board is needed")
        return Chip(name[1], mac[1], int(size[1]) << _SHIFT[size[2]])

    def write(self, image: Path, start: int, progress: Progress) -> None:
        """Write the image from address `start` on. FlashError if it could not be finished."""
        status, said = self._run(["write-flash", "--compress", *_KEPT, hex(start), str(image)], progress)
        if status:
            raise FlashError(f"{self._port}: writing stopped ({_why(said)}). Plug the board in and run the same command again")

    def holds(self, image: Path, start: int) -> bool:
        """Whether the flash holds the image, by the hash that the chip computes. FlashError if the chip is gone."""
        status, said = self._run(["verify-flash", hex(start), str(image)], lambda _: None, after="hard-reset")
        if status and "mismatch" not in said:
            raise FlashError(f"{self._port}: the board is gone ({_why(said)}). Plug it in and run the same command again")
        return status == 0

    def _run(self, arguments: list[str], progress: Progress, after: str = "no-reset") -> tuple[int, str]:
        """Exit status, and all that was said."""
        command = [sys.executable, "-m", "esptool", "--port", self._port, "--no-stub", "--baud", str(_BAUD), "--after", after]
        said = []
        with subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                said.append(line)
                if done := _DONE.search(line):
                    progress(float(done[1]))
        return process.returncode, "".join(said)


def _why(said: str) -> str:
    """esptool's own reason, in a line."""
    found = _FATAL.search(said)
    lines = said.strip().splitlines()
    return (found[1] if found else lines[-1] if lines else "it said nothing").strip().rstrip(".")
