"""The line to Modbus devices: one request at a time, over a serial line or TCP.

``read`` returns the registers, or raises ModbusError (the reply is wrong) or OSError (the line failed; Late: silence).
"""

import asyncio

from ..wire import modbus
from .config import Bus
from .deadline import Late, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board, Stream

TIMEOUT_S = 1.0
_PIECE = 256


class RtuLink:
    """A serial line. It stays open: a device that is silent says nothing about the line."""

    def __init__(self, board: "Board", bus: Bus) -> None:
        self._board = board
        self._bus = bus
        self._stream: Stream | None = None
        # timers of a few milliseconds are coarse, so the pause is a little longer than the standard asks for
        self._silence_s = modbus.silent_interval_us(bus.baud) / 1e6 + 0.002

    async def read(self, unit: int, function: int, address: int, count: int) -> "tuple[int, ...]":
        """``count`` registers from ``address`` of device ``unit``."""
        try:
            if self._stream is None:
                self._stream = self._board.open_serial(self._bus.path, self._bus.baud)
            await self._await_silence(self._stream)
            return await within(TIMEOUT_S, _exchange(self._stream, modbus.RtuRead(unit, function, address, count)))
        except Late:
            raise
        except OSError:
            self._close()
            raise

    async def _await_silence(self, stream: "Stream") -> None:
        """Drop what a late or babbling device still sends; what follows 3.5 silent characters is a new frame."""
        for _ in range(_PIECE):
            try:
                if not await within(self._silence_s, stream.read(_PIECE)):
                    raise OSError("the serial line was closed")
            except Late:
                return

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class TcpLink:
    """A TCP connection, kept while all is well; after any failure but a refusal the next request gets a fresh one."""

    def __init__(self, board: "Board", bus: Bus) -> None:
        self._board = board
        self._bus = bus
        self._stream: Stream | None = None
        self._transaction = 0

    async def read(self, unit: int, function: int, address: int, count: int) -> "tuple[int, ...]":
        """``count`` registers from ``address`` of device ``unit``."""
        self._transaction = (self._transaction + 1) & 0xFFFF
        request = modbus.TcpRead(self._transaction, unit, function, address, count)
        try:
            if self._stream is None:
                self._stream = self._board.open_tcp(self._bus.host, self._bus.port)
            return await within(TIMEOUT_S, _exchange(self._stream, request))
        except modbus.ExceptionReply:
            raise
        except (OSError, modbus.ModbusError):
            if self._stream is not None:
                self._stream.close()
                self._stream = None
            raise


def open_link(board: "Board", bus: Bus) -> "RtuLink | TcpLink":
    """The link that the configuration asks for. Opens nothing yet."""
    return RtuLink(board, bus) if bus.kind == "rtu" else TcpLink(board, bus)


async def _exchange(stream: "Stream", request: "modbus.RtuRead | modbus.TcpRead") -> "tuple[int, ...]":
    await stream.write(request.request)
    while True:
        data = await stream.read(request.wanted)
        if not data:
            raise OSError("the device closed the connection")
        registers = request.feed(data)
        if registers is not None:
            return registers
        await asyncio.sleep(0)
