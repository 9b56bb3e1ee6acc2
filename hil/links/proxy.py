"""A TCP proxy between a meter and its broker, through which network faults act."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from random import Random

from ..faults.fault import Fault
from ..faults.network import Partition, Path, ResetPeer, Timeout
from .server import HOST

_AT_ONCE = 16_384
_PIECES = 64  # waiting in one direction; more wait at their sender, as on a real line
_RESET = struct.pack("ii", 1, 0)

Piece = tuple[float, bytes]


class Proxy:
    """Listens on a free port of the local host and passes on to port `upstream` there.

    Attributes:
        port: where it listens, 0 before `open`.
        hits: how many pieces of data met each fault, and connections that were reset.
    """

    def __init__(self, upstream: int, chance: Random) -> None:
        self._upstream = upstream
        self._chance = chance
        self._faults: tuple[Fault, ...] = ()
        self._free = {way: asyncio.Event() for way in ("up", "down")}
        self._divide()
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self.port = 0
        self.hits: Counter[Fault] = Counter()

    async def open(self) -> None:
        """Listen. OSError if the host has no free port."""
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections)
        self._reset_all()
        await asyncio.gather(*tasks)

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """What is wrong from now on."""
        before, self._faults = self._faults, tuple(faults)
        if self._has(ResetPeer):
            self._hit(len(self._connections))
            self._reset_all()
        elif any(isinstance(fault, Timeout) for fault in before) and not self._has(Timeout):
            self._reset_all()
        self._divide()

    def _hit(self, times: int) -> None:
        self.hits.update(dict.fromkeys(self._faults, times))

    def _divide(self) -> None:
        """Stop the ways that a partition closes, and free the others."""
        closed = {fault.only for fault in self._faults if isinstance(fault, Partition)}
        for way, free in self._free.items():
            if closed & {way, None}:
                free.clear()
            else:
                free.set()

    def _has(self, kind: type[Fault]) -> bool:
        return any(isinstance(fault, kind) for fault in self._faults)

    def _reset_all(self) -> None:
        for task, writers in self._connections.items():
            for writer in writers:
                _reset(writer)
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._has(ResetPeer):
            self._hit(1)
            _reset(writer)
            return
        task = asyncio.current_task()
        assert task is not None
        writers = self._connections[task] = [writer]
        # CancelledError comes from _reset_all alone, and asyncio would print it; OSError is the broker's absence
        with suppress(asyncio.CancelledError, OSError):
            await self._free["up"].wait()
            upstream_reader, upstream_writer = await asyncio.open_connection(HOST, self._upstream)
            writers.append(upstream_writer)
            await self._join(
                self._carry(reader, upstream_writer, self._free["up"]), self._carry(upstream_reader, writer, self._free["down"])
            )
        del self._connections[task]
        for one in writers:
            one.close()

    async def _join(self, *directions: Coroutine[None, None, None]) -> None:
        """Carry both directions until one has ended."""
        tasks = [asyncio.create_task(direction) for direction in directions]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, free: asyncio.Event) -> None:
        """Carry one direction to its end."""
        pieces: asyncio.Queue[Piece | None] = asyncio.Queue(_PIECES)
        taking = asyncio.create_task(self._take(reader, pieces))
        try:
            with suppress(ConnectionError):
                while (piece := await pieces.get()) is not None:
                    arrival, data = piece
                    await asyncio.sleep(arrival - asyncio.get_running_loop().time())
                    await free.wait()
                    writer.write(data)
                    await writer.drain()
        finally:
            taking.cancel()

    async def _take(self, reader: asyncio.StreamReader, pieces: asyncio.Queue[Piece | None]) -> None:
        path = Path(self._chance)
        with suppress(ConnectionError):
            while data := await reader.read(_AT_ONCE):
                self._hit(1)
                if not self._has(Timeout):
                    await pieces.put((path.arrival(asyncio.get_running_loop().time(), len(data), self._faults), data))
        await pieces.put(None)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a crashed computer does: without a word, and with a reset to whoever speaks."""
    connection: socket.socket = writer.get_extra_info("socket")
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
