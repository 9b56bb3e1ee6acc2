"""The line to Modbus devices: one request at a time, over a serial line or TCP.

``read`` returns the registers, or raises ModbusError (the reply is wrong) or OSError (the line failed; Late: silence).
"""

import asyncio

from ..wire import modbus
from .config import Bus
from .deadline import Late, within
from .read_plan import cost_on
from .stopwatch import Stopwatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board, Direction, SerialStream, Stream

TIMEOUT_S = 1.0
_PIECE = 256
_SLACK_US = 50_000  # a transmitter that is not done by then hangs


class RtuLink:
    """A serial line. It stays open: a device that is silent says nothing about the line.

    Attributes:
        cost: what reading costs on it.
    """

    def __init__(self, board: "Board", bus: Bus) -> None:
        self._board = board
        self._bus = bus
        self._stream: SerialStream | None = None
        self._silence_us = modbus.silent_interval_us(bus.baud)
        self._quiet = Stopwatch()  # since the line was last heard
        self._clean = False  # nothing can be on its way to us
        self.cost = cost_on(bus)

    async def read(self, unit: int, function: int, address: int, count: int) -> "tuple[int, ...]":
        """``count`` registers from ``address`` of device ``unit``."""
        request = modbus.RtuRead(unit, function, address, count)
        clean, self._clean = self._clean, False
        try:
            if self._stream is None:
                self._stream = self._board.open_serial(self._bus.path, self._bus.baud)
            if not clean:
                await self._drain(self._stream)
            await self._await_silence()
            if self._stream.discard():
                await self._drain(self._stream)
            registers = await within(TIMEOUT_S, self._exchange(self._stream, request))
        except Late as error:
            raise request.stray or error from None
        except modbus.ExceptionReply:
            self._clean = True
            raise
        except OSError:
            self._close()
            raise
        finally:
            self._quiet.restart()
        self._clean = True
        return registers

    async def _exchange(self, stream: "SerialStream", request: modbus.RtuRead) -> "tuple[int, ...]":
        if stream.direction is None:
            await stream.write(request.request)
        else:
            await self._drive(stream, stream.direction, request.request)
        return await _reply(stream, request)

    async def _drive(self, stream: "SerialStream", direction: "Direction", data: bytes) -> None:
        """Write with the line driven and leave it with the last bit: the device may answer 3.5 characters later."""
        direction.transmit()
        try:
            watch = Stopwatch()
            await stream.write(data)
            # Not a moment for other tasks: one that ran now would keep us driving against the answer.
            while not direction.sent():
                if watch.us() > modbus.frame_us(self._bus.baud, len(data)) + _SLACK_US:
                    raise OSError("the serial port does not finish sending")
        finally:
            direction.receive()

    async def _drain(self, stream: "Stream") -> None:
        """Drop what a late or babbling device is sending; what follows 3.5 silent characters is a new frame."""
        silence_s = self._silence_us / 1e6 + 0.002  # timers count in whole milliseconds
        for _ in range(_PIECE):
            try:
                if not await within(silence_s, stream.read(_PIECE)):
                    raise OSError("the serial line was closed")
            except Late:
                return

    async def _await_silence(self) -> None:
        """Wait until the line has been silent for 3.5 characters, to the tenth of a millisecond."""
        left = min(self._silence_us - self._quiet.us(), self._silence_us)
        watch = Stopwatch()
        if left > 2000:
            await asyncio.sleep((left // 1000 - 1) / 1000)
        while watch.us() < left:
            await asyncio.sleep(0)

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class TcpLink:
    """A TCP connection, kept while all is well; after any failure but a refusal the next request gets a fresh one.

    Attributes:
        cost: what reading costs on it.
    """

    def __init__(self, board: "Board", bus: Bus) -> None:
        self._board = board
        self._bus = bus
        self._stream: Stream | None = None
        self._transaction = 0
        self.cost = cost_on(bus)

    async def read(self, unit: int, function: int, address: int, count: int) -> "tuple[int, ...]":
        """``count`` registers from ``address`` of device ``unit``."""
        self._transaction = (self._transaction + 1) & 0xFFFF
        request = modbus.TcpRead(self._transaction, unit, function, address, count)
        try:
            if self._stream is None:
                self._stream = self._board.open_tcp(self._bus.host, self._bus.port)
            return await within(TIMEOUT_S, self._exchange(self._stream, request))
        except modbus.ExceptionReply:
            raise
        except Late as error:
            self._close()
            raise request.stray or error from None
        except (OSError, modbus.ModbusError):
            self._close()
            raise

    async def _exchange(self, stream: "Stream", request: modbus.TcpRead) -> "tuple[int, ...]":
        await stream.write(request.request)
        return await _reply(stream, request)

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def open_link(board: "Board", bus: Bus) -> "RtuLink | TcpLink":
    """The link that the configuration asks for. Opens nothing yet."""
    return RtuLink(board, bus) if bus.kind == "rtu" else TcpLink(board, bus)


async def _reply(stream: "Stream", request: "modbus.RtuRead | modbus.TcpRead") -> "tuple[int, ...]":
    while True:
        data = await stream.read(request.wanted)
        if not data:
            raise OSError("the device closed the connection")
        registers = request.feed(data)
        if registers is not None:
            return registers
        await asyncio.sleep(0)
