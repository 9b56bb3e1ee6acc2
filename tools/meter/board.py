"""A board with MicroPython on a serial port, reached over its raw REPL by mpremote's transport."""

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from .errors import BenchError

_PATIENCE_S = 10
_CHARACTER_S = 1.0


class BoardError(BenchError):
    """The board does not answer, or not as MicroPython does."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The MicroPython on a board: `platform` as in `sys.platform`, `mpy` the version of the bytecode that it takes."""

    platform: str
    mpy: int


class Board:
    """The board on this port, stopped. BoardError if it is none."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            with redirect_stdout(io.StringIO()):  # the transport prints what it does not understand
                self._transport = SerialTransport(path, timeout=_CHARACTER_S)
                self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_PATIENCE_S)
        except (TransportError, OSError) as error:
            raise BoardError(
                f"{path}: no MicroPython answers ({error}). Is it the board's port, is another program using it, "
                "and is MicroPython on the board? `skerry meter flash` puts it there"
            ) from None

    def run(self, code: str) -> str:
        """What the code prints on the board. BoardError if the board is gone or the code fails there."""
        try:
            with redirect_stdout(io.StringIO()):
                printed: bytes = self._transport.exec(code)
        except TransportExecError as error:
            raise BoardError(f"{self._path}: the board says: {error.error_output.strip().splitlines()[-1]}") from None
        except (TransportError, OSError) as error:
            raise BoardError(f"{self._path}: the board is gone ({error}). Plug it in and run the same command again") from None
        return printed.decode().replace("\r\n", "\n")

    def interpreter(self) -> Interpreter:
        """What runs there."""
        platform, mpy = self.run("import sys\nprint(sys.platform, sys.implementation._mpy & 255)").split()
        return Interpreter(platform, int(mpy))

    def restart(self) -> None:
        """Start the board again, and with it the meter."""
        try:
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        except (TransportError, OSError):
            raise BoardError(f"{self._path}: it does not start again by itself. Unplug it and plug it in") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._transport.close()
        except OSError:
            return  # a board that was unplugged
