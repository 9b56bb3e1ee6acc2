"""Three devices on one Modbus TCP line, each of which may fall silent: what the rig's servers never do."""

import asyncio
import struct
import time

from hil.devices.device import Device
from hil.devices.registers import MappedDevice
from hil.devices.sunspec import SunSpecDevice, common, inverter, meter, storage
from hil.plant.island import Reading

RATING_W = 10_000
POWER_W = 7_200
BILLING, BATTERY, HOUSE = 1, 2, 3
DEVICES = [
    {"unit": BILLING, "map": "sunspec", "role": "billing"},
    {"unit": BATTERY, "map": "sunspec", "role": "auxiliary"},
    {"unit": HOUSE, "map": "eastron_sdm630", "role": "auxiliary"},
]
_ILLEGAL_ADDRESS = 2
_REQUEST = struct.Struct(">HHHBBHH")


class Bus:
    """The line.

    Attributes:
        port: where it listens, 0 before `open`.
        silent: unit ids that do not answer.
    """

    def __init__(self, speed: int) -> None:
        """`speed`: how many seconds the meter lives in one of ours; its energy registers go as fast."""
        self.port = 0
        self.silent: set[int] = set()
        self._speed = speed
        self._start = time.monotonic()
        self._devices: dict[int, Device] = {
            BILLING: SunSpecDevice([common("meter", "1", BILLING), meter("ABC", RATING_W)]),
            BATTERY: SunSpecDevice([common("battery", "2", BATTERY), inverter("ABC", RATING_W), storage(50_000, 25_000)]),
            HOUSE: MappedDevice("eastron_sdm630"),
        }

    async def open(self) -> asyncio.Server:
        """Listen on a free port of this computer."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                answer = self._answer(await reader.readexactly(_REQUEST.size))
                if answer is not None:
                    writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, request: bytes) -> bytes | None:
        transaction, _, _, unit, function, address, count = _REQUEST.unpack(request)
        if unit in self.silent:
            return None
        device = self._devices[unit]
        registers = device.image(self._reading())[max(0, address - device.first) :][:count]
        if function != device.function or address < device.first or len(registers) < count:
            return struct.pack(">HHHBBB", transaction, 0, 3, unit, function | 0x80, _ILLEGAL_ADDRESS)
        head = struct.pack(">HHHBBB", transaction, 0, 3 + 2 * count, unit, function, 2 * count)
        return head + struct.pack(f">{count}H", *registers)

    def _reading(self) -> Reading:
        wh = int(POWER_W * self._speed * (time.monotonic() - self._start) / 3600)
        return Reading(w=POWER_W, import_wh=5_000_000 + wh, export_wh=7, dv=2300, mhz=50000, soc=640)
