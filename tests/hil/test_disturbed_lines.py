"""Bus faults on the island's own lines, TCP and RTU, as a client hears them on the wire."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from pymodbus.framer import FramerRTU

from hil.faults.bus import BusFault, BusKind
from hil.links.between import TcpBetween
from hil.links.interference import Interference
from hil.links.server import RtuLine, Station, TcpLine

REQUEST = bytes([1, 3, 0, 0, 0, 2])
ANSWER = bytes([1, 3, 4, 0, 11, 0, 22])
DELAY_S = 0.15
Exchange = Callable[[], Awaitable[bytes]]
Line = Callable[[Interference, Callable[[Exchange], Awaitable[None]]], Coroutine[Any, Any, None]]


def station() -> Station:
    return Station(1, 3, 0, lambda: [11, 22], lambda _address, _count: None)


def fault(kind: BusKind, delay_s: float = 0.0) -> BusFault:
    return BusFault(at_s=0, for_s=1, of="wind-1", on="bus", kind=kind, delay_s=delay_s)


async def over_tcp(interference: Interference, use: Callable[[Exchange], Awaitable[None]]) -> None:
    server = await TcpLine.open([station()])
    between = TcpBetween(int(server.bus["port"]), interference.on_line({1: "wind-1"}))
    await between.open()

    async def exchange() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(between.bus["port"]))
        writer.write(b"\0\7\0\0\0\6" + REQUEST)
        heard = b""
        try:
            while True:
                heard += await asyncio.wait_for(reader.read(64), 2 * DELAY_S)
        except TimeoutError:
            return heard
        finally:
            writer.close()

    try:
        await use(exchange)
    finally:
        await between.close()
        await server.close()


async def over_rtu(interference: Interference, use: Callable[[Exchange], Awaitable[None]]) -> None:
    line = await RtuLine.open([station()], interference.on_line({1: "wind-1"}))
    meter = os.open(str(line.bus["path"]), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def exchange() -> bytes:
        os.write(meter, sealed(REQUEST))
        heard = b""
        end = time.monotonic() + 2 * DELAY_S
        while time.monotonic() < end:
            await asyncio.sleep(0.01)
            try:
                heard += os.read(meter, 64)
            except BlockingIOError:
                continue
        return heard

    try:
        await use(exchange)
    finally:
        os.close(meter)
        await line.close()


def sealed(message: bytes) -> bytes:
    return message + FramerRTU.compute_CRC(message).to_bytes(2, "big")


FRAMES: dict[Line, bytes] = {over_tcp: b"\0\7\0\0\0\7" + ANSWER, over_rtu: sealed(ANSWER)}


@pytest.mark.parametrize("line", FRAMES)
def test_faults_come_and_go_on_a_line(line: Line) -> None:
    whole = FRAMES[line]
    interference = Interference(1)

    async def use(exchange: Exchange) -> None:
        assert await exchange() == whole
        for kind, heard in {BusKind.SILENCE: b"", BusKind.DUPLICATE: whole + whole, BusKind.TRUNCATED: whole[:-4]}.items():
            interference.active = (fault(kind),)
            assert await exchange() == heard, kind
        interference.active = ()
        assert await exchange() == whole

    asyncio.run(line(interference, use))
    assert sum(interference.hits.values()) == 3


@pytest.mark.parametrize("line", FRAMES)
def test_a_delay_is_as_long_as_it_says(line: Line) -> None:
    interference = Interference(1)

    async def use(exchange: Exchange) -> None:
        interference.active = (fault(BusKind.DELAY, 2.5 * DELAY_S),)
        # too late for this one, and in time for the next
        assert await exchange() == b""
        interference.active = (fault(BusKind.DELAY, DELAY_S),)
        assert await exchange() in {FRAMES[line], FRAMES[line] + FRAMES[line]}

    asyncio.run(line(interference, use))
