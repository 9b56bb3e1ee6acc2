"""Modbus servers. The one file that imports pymodbus's server, whose interface moves between releases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimAction, SimData, SimDevice

from ..faults.bus import Framing, Piece
from .interference import Answer
from .pty import PtyPair

HOST = "127.0.0.1"
BAUD = 115_200
_WRITES = {6, 16}


@dataclass(frozen=True, slots=True)
class Station:
    """One device on a line.

    `unit` is its unit id, `function` the only function it answers (3 or 4), `first` the address of its first register.
    `image` gives all registers at this instant; `noticed` hears the address and count of every read that is answered. `set`
    takes what is written (address, values) or says why not; without it the station can only be read.
    """

    unit: int
    function: int
    first: int
    image: Callable[[], list[int]]
    noticed: Callable[[int, int], None]
    set: Callable[[int, list[int]], ExcCodes | None] | None = None


def undisturbed(message: bytes, framing: Framing) -> list[Piece]:
    """An answer as it should be."""
    return [Piece(framing.frame(message))]


class TcpLine:
    """A Modbus TCP server on a free port of the local host; several stations make it a gateway."""

    def __init__(self, server: ModbusTcpServer, port: int) -> None:
        self._server = server
        self.bus: dict[str, str | int] = {"kind": "tcp", "host": HOST, "port": port}

    @classmethod
    async def open(cls, stations: Sequence[Station]) -> "TcpLine":
        """Listen.

        Raises:
            RuntimeError: the host has no free port.
        """
        devices = [_device(station) for station in stations]
        server = ModbusTcpServer(devices, address=(HOST, 0), trace_pdu=_only(stations))
        await server.serve_forever(background=True)
        return cls(server, server.transport.sockets[0].getsockname()[1])  # type: ignore[attr-defined]

    async def close(self) -> None:
        """Stop listening and drop the clients."""
        await self._server.shutdown()  # type: ignore[no-untyped-call]


class RtuLine:
    """A Modbus RTU bus on a pseudo-terminal."""

    def __init__(self, server: ModbusSerialServer, cable: PtyPair) -> None:
        self._server = server
        self._cable = cable
        self.bus: dict[str, str | int] = {"kind": "rtu", "path": cable.meter_path, "baud": BAUD}

    @classmethod
    async def open(cls, stations: Sequence[Station], answer: Answer = undisturbed) -> "RtuLine":
        """Lay a cable and listen at its device end; `answer` says what the meter's end hears.

        Raises:
            OSError: the system has no pseudo-terminal left.
        """
        cable = PtyPair(answer)
        devices = [_device(station) for station in stations]
        server = ModbusSerialServer(devices, port=cable.device_path, baudrate=BAUD, trace_pdu=_only(stations))
        await server.serve_forever(background=True)
        return cls(server, cable)

    async def close(self) -> None:
        """Stop listening and remove the cable."""
        await self._server.shutdown()  # type: ignore[no-untyped-call]
        self._cable.close()


def _device(station: Station) -> SimDevice:
    registers = SimData(station.first, values=station.image(), datatype=DataType.REGISTERS)
    return SimDevice(station.unit, [registers], action=_answer(station))


def _answer(station: Station) -> SimAction:
    """Take a fresh image before each answer: one request shows one instant, so a wide value never tears."""

    async def answer(
        function: int, _first: int, address: int, count: int, registers: list[int], values: list[int] | list[bool] | None
    ) -> ExcCodes | None:
        if function in _WRITES and station.set is not None:
            # after a write it asks once more, for its answer
            return None if values is None else station.set(address, [int(value) for value in values])
        if function != station.function:
            return ExcCodes.ILLEGAL_FUNCTION
        image = station.image()
        registers[: len(image)] = image
        station.noticed(address, count)
        return None

    return answer


def _only(stations: Sequence[Station]) -> Callable[[bool, ModbusPDU], ModbusPDU]:
    """Hear only what is meant for the stations: an absent unit is silent, where pymodbus would answer with a fault."""
    units = {station.unit for station in stations}

    def trace(sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        return pdu if sending or pdu.dev_id in units else None  # type: ignore[return-value]

    return trace
