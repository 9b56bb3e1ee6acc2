"""Between a meter and its Modbus TCP device: requests pass as they are, answers as an `Answer` says."""

import asyncio
from contextlib import suppress

from ..faults.bus import Tcp
from .interference import Answer
from .server import HOST

_HEAD = 6
_AT_ONCE = 4096


class TcpBetween:
    """Listens on a free port of the local host; each client gets a connection of its own to the device."""

    def __init__(self, port: int, answer: Answer) -> None:
        """`port`: the device's."""
        self._port = port
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self.bus: dict[str, str | int] = {"kind": "tcp", "host": HOST}

    async def open(self) -> None:
        """Listen; `bus` says where. OSError if the host has no free port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.bus["port"] = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and drop the clients."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)
        device_reader, device_writer = await asyncio.open_connection(HOST, self._port)
        pumps = [
            asyncio.create_task(_pass_on(reader, device_writer)),
            asyncio.create_task(self._answers(device_reader, writer)),
        ]
        try:
            with suppress(asyncio.CancelledError):  # by close(), and asyncio would print it
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            writer.close()
            device_writer.close()

    async def _answers(self, device: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await device.readexactly(_HEAD)
                message = await device.readexactly(int.from_bytes(head[4:], "big"))
                for piece in self._answer(message, Tcp(int.from_bytes(head[:2], "big"))):
                    await asyncio.sleep(piece.delay_s)
                    writer.write(piece.data)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_AT_ONCE):
            writer.write(data)
