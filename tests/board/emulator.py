"""QEMU's MPS2 AN385, a 32-bit Cortex-M3, running MicroPython; talked to as to any board, by mpremote over a serial line."""

import re
import subprocess
from pathlib import Path

from mpremote.transport_serial import SerialTransport

from tests.board.report import Report
from tools import mpy
from tools.setup import board
from tools.setup.system import which

_ROM = 0x21000000  # the board's PSRAM, which MicroPython leaves alone
_SILENCE_S = 120  # the longest a test may take before it prints its line
_RUN = """\
import uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/")
from tests.portable.run import run
print("failures", run("{file}"))
"""


class Machine:
    """The board as such, with a serial line at `path`. It runs until it is closed."""

    def __init__(self, *options: str) -> None:
        """`options`: more of QEMU's."""
        firmware = mpy.COMPILER.with_name("firmware.elf")
        command = [str(which(board.EMULATOR)), "-machine", "mps2-an385", "-nographic", "-monitor", "none", "-semihosting"]
        command += ["-serial", "pty", "-kernel", str(firmware), *options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        line = re.search(r"/dev/\S+", said)
        if line is None:
            self._process.kill()
            raise AssertionError(f"{board.EMULATOR} opens no serial line: {said}{self._process.communicate()[0]}")
        self.path = line[0]

    def close(self) -> None:
        """Switch it off."""
        self._process.kill()
        self._process.communicate()


class Emulator:
    """A board with `rom`, a file system image, in its address space. It runs until it is closed."""

    def __init__(self, rom: Path) -> None:
        self._size = rom.stat().st_size
        self._machine = Machine("-device", f"loader,file={rom},addr={_ROM},force-raw=on")
        self._serial = SerialTransport(self._machine.path, timeout=1)

    def run(self, file: Path) -> Report:
        """Run a portable test file after a soft reset."""
        self._serial.enter_raw_repl(soft_reset=True)
        program = _RUN.format(address=_ROM, size=self._size, file=file.relative_to(mpy.ROOT).as_posix())
        printed: tuple[bytes, bytes] = self._serial.exec_raw(program, timeout=_SILENCE_S)
        return Report(file.stem, b"".join(printed).decode().replace("\r\n", "\n"))

    def close(self) -> None:
        """Switch it off."""
        self._serial.close()
        self._machine.close()
