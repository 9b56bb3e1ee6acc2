"""Network faults on real connections: an echo server behind a proxy."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from hil.faults.network import Latency, Partition, ResetPeer, Timeout
from hil.links.proxy import Proxy

SOON_S = 0.15
LATER_S = 2.0
Talk = Callable[[Proxy, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LATENCY = Latency(on="network", kind="latency", latency_s=0.4, at_s=0, for_s=1, of="*")
PARTITION = Partition(on="network", kind="partition", at_s=0, for_s=1, of="*")
RESET = ResetPeer(on="network", kind="reset_peer", at_s=0, for_s=1, of="*")
TIMEOUT = Timeout(on="network", kind="timeout", at_s=0, for_s=1, of="*")


def talk(use: Talk) -> None:
    """`use` a connection through a proxy to a server that sends everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        proxy = Proxy(server.sockets[0].getsockname()[1], Random(1))  # noqa: S311
        await proxy.open()
        reader, writer = await connect(proxy)
        try:
            await use(proxy, reader, writer)
        finally:
            writer.close()
            await proxy.close()
            server.close()

    asyncio.run(run())


async def connect(proxy: Proxy) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def said(reader: asyncio.StreamReader, within_s: float = LATER_S) -> bytes:
    """What comes within the time, b"" for the end of the connection; TimeoutError if nothing does."""
    return await asyncio.wait_for(reader.read(100), within_s)


async def silent(reader: asyncio.StreamReader) -> bool:
    try:
        await said(reader, SOON_S)
    except TimeoutError:
        return True
    return False


def test_without_a_fault_it_is_not_there() -> None:
    async def use(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        assert await said(reader) == b"hello"
        assert not proxy.hits
        writer.write_eof()
        assert await said(reader) == b""

    talk(use)


def test_latency_holds_in_both_directions() -> None:
    async def use(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.set_faults([LATENCY])
        begun = asyncio.get_running_loop().time()
        writer.write(b"hello")
        assert await said(reader) == b"hello"
        assert asyncio.get_running_loop().time() - begun >= 0.8
        assert proxy.hits == {LATENCY: 2}

    talk(use)


def test_what_was_sent_into_a_partition_arrives_when_it_ends() -> None:
    async def use(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.set_faults([PARTITION])
        writer.write(b"held")
        newcomer, his = await connect(proxy)
        his.write(b"waits")
        assert await silent(reader)
        assert await silent(newcomer)
        proxy.set_faults([])
        assert await said(reader) == b"held"
        assert await said(newcomer) == b"waits"
        his.close()

    talk(use)


def test_a_partition_of_one_way_leaves_the_other() -> None:
    async def use(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.set_faults([PARTITION.model_copy(update={"only": "down"})])
        writer.write(b"heard")
        assert await silent(reader)
        assert sum(proxy.hits.values()) == 2  # there, and back as far as the proxy
        proxy.set_faults([])
        assert await said(reader) == b"heard"

    talk(use)


def test_half_open_swallows_and_ends_the_connection() -> None:
    async def use(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.set_faults([TIMEOUT])
        writer.write(b"lost")
        assert await silent(reader)
        proxy.set_faults([])
        with pytest.raises(ConnectionResetError):
            await said(reader)
        fresh, his = await connect(proxy)
        his.write(b"again")
        assert await said(fresh) == b"again"
        his.close()

    talk(use)


def test_reset_peer_resets_old_and_new() -> None:
    async def use(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        assert await said(reader) == b"hello"
        proxy.set_faults([RESET])
        with pytest.raises(ConnectionResetError):
            await said(reader)
        newcomer, his = await connect(proxy)
        with pytest.raises(ConnectionResetError):
            await said(newcomer)
        assert proxy.hits == {RESET: 2}
        his.close()

    talk(use)


def test_where_nobody_listens_the_connection_ends() -> None:
    async def run() -> None:
        gone = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
        port = gone.sockets[0].getsockname()[1]
        gone.close()
        await gone.wait_closed()
        proxy = Proxy(port, Random(1))  # noqa: S311
        await proxy.open()
        reader, writer = await connect(proxy)
        assert await said(reader) == b""
        writer.close()
        await proxy.close()

    asyncio.run(run())


def test_closing_drops_whoever_is_there() -> None:
    async def use(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        assert await said(reader) == b"hello"
        await proxy.close()
        with pytest.raises(ConnectionResetError):
            await said(reader)

    talk(use)
