"""The socket side of ABCI: what is no ABCI gets no answer but why, and never more than four connections."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from blockchain_iface.cometbft import abci_pb2 as abci
from blockchain_iface.cometbft import server

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echoing:
    """An application that knows its height, and fails at a commit."""

    def info(self, _request: abci.Empty) -> abci.ResponseInfo:
        return abci.ResponseInfo(last_block_height=7)

    def commit(self, _request: abci.Empty) -> abci.ResponseCommit:
        raise OSError("no space left")


def framed(message: bytes) -> bytes:
    assert len(message) < 0x80
    return bytes([len(message)]) + message


async def answer(reader: asyncio.StreamReader) -> abci.Response:
    size = (await reader.readexactly(1))[0]
    return abci.Response.FromString(await reader.readexactly(size))


def served(path: Path, talk: Callable[[Callable[[], Awaitable[Streams]]], Awaitable[None]]) -> None:
    async def run() -> None:
        listening = await server.Server(Echoing()).start(path)  # type: ignore[arg-type]
        async with listening:
            await talk(lambda: asyncio.open_unix_connection(path))

    asyncio.run(asyncio.wait_for(run(), 10))


def test_requests_are_answered_in_order(tmp_path: Path) -> None:
    async def talk(connect: Callable[[], Awaitable[Streams]]) -> None:
        reader, writer = await connect()
        for request in (abci.Request(echo=abci.Text(text="hello")), abci.Request(info={}), abci.Request(flush={})):
            writer.write(framed(request.SerializeToString()))
        assert (await answer(reader)).echo.text == "hello"
        assert (await answer(reader)).info.last_block_height == 7
        assert (await answer(reader)).WhichOneof("value") == "flush"

    served(tmp_path / "socket", talk)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (framed(b"\x0a\x05a"), "malformed"),
        (framed(b""), "not of ABCI 2.0"),
        (framed(b"\x92\x01\x00"), "not of ABCI 2.0"),
        (b"\xff\xff\xff\x7f", "length"),
        (b"\xff\xff\xff\xff\x01", "length"),
        (framed(abci.Request(commit={}).SerializeToString()), "no space left"),
    ],
)
def test_what_cannot_be_answered_is_said_and_ends_the_connection(tmp_path: Path, sent: bytes, reason: str) -> None:
    async def talk(connect: Callable[[], Awaitable[Streams]]) -> None:
        reader, writer = await connect()
        writer.write(sent)
        assert reason in (await answer(reader)).exception.text
        assert await reader.read() == b""

    served(tmp_path / "socket", talk)


def test_a_request_that_is_cut_off_harms_nobody_else(tmp_path: Path) -> None:
    async def talk(connect: Callable[[], Awaitable[Streams]]) -> None:
        _, writer = await connect()
        writer.write(b"\x20half")
        writer.close()
        reader, writer = await connect()
        writer.write(framed(abci.Request(info={}).SerializeToString()))
        assert (await answer(reader)).info.last_block_height == 7

    served(tmp_path / "socket", talk)


def test_four_connections_and_no_more(tmp_path: Path) -> None:
    async def talk(connect: Callable[[], Awaitable[Streams]]) -> None:
        four = [await connect() for _ in range(4)]
        for reader, writer in four:
            writer.write(framed(abci.Request(flush={}).SerializeToString()))
            await answer(reader)
        reader, _ = await connect()
        assert await reader.read() == b""

    served(tmp_path / "socket", talk)


def test_a_site_may_lie_deeper_than_a_sockets_name_is_long(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100) / "b"
    deep.mkdir(parents=True)

    async def start() -> None:
        listening = await server.Server(Echoing()).start(deep / "socket")  # type: ignore[arg-type]
        listening.close()

    asyncio.run(start())
    assert (deep / "socket").is_socket()
