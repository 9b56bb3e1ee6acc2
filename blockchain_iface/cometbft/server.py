"""The socket side of ABCI 2.0: length-delimited protobuf in, one answer a request, in order (CometBFT v0.38, spec/abci).

The node opens four connections (consensus, mempool, query, snapshot). All calls come one after another, so the application
needs no locks. The socket is a file in a directory of the owner's: nobody else on the machine can speak to the application.
"""

import asyncio
import os
import socket
from pathlib import Path
from typing import Protocol

import structlog
from google.protobuf.message import DecodeError

from . import abci_pb2 as abci

_log = structlog.get_logger()
CONNECTIONS = 4
MAX_MESSAGE = 64 << 20
"""Bytes of a request. A block holds at most 21 MiB of transactions, a snapshot's chunk less."""
_LONGEST_PREFIX = 4


class ProtocolError(Exception):
    """The node said something that is no ABCI 2.0: it is another version of CometBFT, or something else altogether."""


class Answerer(Protocol):
    """What answers the node: the protocol's calls, message in, message out."""

    def info(self, request: abci.Empty) -> abci.ResponseInfo: ...
    def init_chain(self, request: abci.RequestInitChain) -> abci.ResponseInitChain: ...
    def query(self, request: abci.Empty) -> abci.ResponseQuery: ...
    def check_tx(self, request: abci.RequestCheckTx) -> abci.TxResult: ...
    def prepare_proposal(self, request: abci.RequestPrepareProposal) -> abci.ResponsePrepareProposal: ...
    def process_proposal(self, request: abci.RequestProcessProposal) -> abci.ResponseProcessProposal: ...
    def finalize_block(self, request: abci.RequestFinalizeBlock) -> abci.ResponseFinalizeBlock: ...
    def commit(self, request: abci.Empty) -> abci.ResponseCommit: ...
    def list_snapshots(self, request: abci.Empty) -> abci.ResponseListSnapshots: ...
    def offer_snapshot(self, request: abci.RequestOfferSnapshot) -> abci.ResponseOfferSnapshot: ...
    def load_snapshot_chunk(self, request: abci.RequestLoadSnapshotChunk) -> abci.ResponseLoadSnapshotChunk: ...
    def apply_snapshot_chunk(self, request: abci.RequestApplySnapshotChunk) -> abci.ResponseApplySnapshotChunk: ...


def answer(application: Answerer, request: abci.Request) -> abci.Response:
    """The response to one request. ProtocolError for a call that a ledger has no use for."""
    call = request.WhichOneof("value")
    if call is None:
        raise ProtocolError("a call that is not of ABCI 2.0, or one for votes with extensions, which are not used")
    message = getattr(request, call)
    if call in ("echo", "flush"):
        return abci.Response(**{call: message})
    return abci.Response(**{call: getattr(application, call)(message)})


def frame(response: abci.Response) -> bytes:
    """The response with its length before it, as a varint."""
    body = response.SerializeToString()
    prefix, rest = bytearray(), len(body)
    while rest >= 0x80:
        prefix.append(rest & 0x7F | 0x80)
        rest >>= 7
    prefix.append(rest)
    return bytes(prefix) + body


async def read(reader: asyncio.StreamReader) -> abci.Request | None:
    """The next request; None at the end between two. ProtocolError if it is too long, cut off or malformed."""
    try:
        size = await _length(reader)
        return None if size is None else abci.Request.FromString(await reader.readexactly(size))
    except asyncio.IncompleteReadError:
        raise ProtocolError("the connection ends within a request") from None
    except DecodeError as error:
        raise ProtocolError(f"a request is malformed: {error}") from None


async def _length(reader: asyncio.StreamReader) -> int | None:
    size = 0
    for place in range(_LONGEST_PREFIX):
        piece = await reader.read(1)
        if not piece:
            if place == 0:
                return None
            break
        size |= (piece[0] & 0x7F) << 7 * place
        if piece[0] < 0x80:
            if size > MAX_MESSAGE:
                break
            return size
    raise ProtocolError(f"a request's length is cut off, or above {MAX_MESSAGE} bytes")


class Server:
    """Answers the node's connections until it is closed."""

    def __init__(self, application: Answerer) -> None:
        self._application = application
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, path: Path) -> asyncio.Server:
        """Listen on the socket file ``path``, which is made anew. OSError if it cannot be."""
        return await asyncio.start_unix_server(self._serve, sock=_listener(path))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) == CONNECTIONS:
            _log.warning("a fifth connection to the application is refused")
            writer.close()
            return
        self._open.add(writer)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the node has ended and comes back, or we end
        finally:
            self._open.discard(writer)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the node goes. After an answer that could not be given it is told so, and ends itself: it must not go on."""
        try:
            while (request := await read(reader)) is not None:
                writer.write(frame(answer(self._application, request)))
                await writer.drain()
        except ConnectionError:
            raise
        except Exception as error:
            _log.exception("the ledger cannot follow its node")
            writer.write(frame(abci.Response(exception=abci.Text(text=f"{type(error).__name__}: {error}"))))
            await writer.drain()


def _listener(path: Path) -> socket.socket:
    """A socket bound by way of its directory: its name may have 107 bytes (unix(7)), and a site may lie deeper than that."""
    path.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)
    return listener
