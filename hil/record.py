"""Recording a real device over its bus, and serving a recording as a device."""

import asyncio
import time
from pathlib import Path

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from .devices.recorded import Block, RecordedDevice, Recorder
from .links.server import Station, TcpLine

_MOST = 125
"""Registers in one request (Modbus Application Protocol V1.1b3, section 6.3)."""
_PATIENCE_S, _RETRIES = 1.0, 1

Client = AsyncModbusTcpClient | AsyncModbusSerialClient


class NoDevice(Exception):
    """The device does not answer, or refuses; the message says what was asked."""


def client(bus: str, baud: int) -> Client:
    """Of `HOST:PORT`, or of a serial port's path."""
    if bus.startswith("/"):
        return AsyncModbusSerialClient(bus, baudrate=baud, timeout=_PATIENCE_S, retries=_RETRIES)
    host, _, port = bus.rpartition(":")
    return AsyncModbusTcpClient(host, port=int(port), timeout=_PATIENCE_S, retries=_RETRIES)


async def record(master: Client, unit: int, block: Block, out: Path, seconds: float, every_s: float) -> int:
    """Read `block` again and again for so many seconds; how often it was read.

    Raises:
        NoDevice: nobody answers, or not so many registers.
        FileExistsError: a recording is never written over.
    """
    count = 0
    with out.open("x", encoding="utf-8") as file:
        recorder = Recorder(file, block)
        await master.connect()
        try:
            begun = time.monotonic()
            while (now := time.monotonic() - begun) < seconds or not count:
                recorder.show(now, await _read(master, unit, block))
                count += 1
                await asyncio.sleep(max(0.0, count * every_s - (time.monotonic() - begun)))
        finally:
            master.close()
    return count


async def _read(master: Client, unit: int, block: Block) -> list[int]:
    read = master.read_holding_registers if block.function == 3 else master.read_input_registers
    registers: list[int] = []
    while len(registers) < block.count:
        address, count = block.first + len(registers), min(_MOST, block.count - len(registers))
        try:
            answer = await read(address, count=count, device_id=unit)
        except (ModbusException, OSError) as error:
            raise NoDevice(f"unit {unit} does not show {count} registers from {address}: {error}") from error
        if answer.isError() or len(answer.registers) != count:
            raise NoDevice(f"unit {unit} refuses to show {count} registers from {address}: {answer}")
        registers += answer.registers
    return registers


async def mimic(device: RecordedDevice, unit: int) -> TcpLine:
    """A TCP line on which `unit` shows the recording from now on; close it in the end."""
    begun = time.monotonic()
    block = device.block
    station = Station(
        unit, block.function, block.first, lambda: device.image(time.monotonic() - begun), lambda _address, _count: None
    )
    return await TcpLine.open([station])
