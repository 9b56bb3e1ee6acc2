"""The node beside us: its application served, its process kept running, its first blocks fetched from its peers' snapshot."""

import asyncio
import shutil
import threading
import tomllib
from collections import Counter
from operator import itemgetter
from pathlib import Path

import structlog

from ..child import Child, Program
from ..ledger import Unavailable
from .network import SOCKET
from .rpc import Anchor, Node, Unreachable
from .server import Answerer, Server

_log = structlog.get_logger()
_BUILT = Path(__file__).parents[2] / ".skerry" / "bin" / "cometbft"
_WORTH_IT = 20
"""Fewer blocks than this are as soon fetched one by one, and need no peer that offers a snapshot."""


class NoCometBFT(Unavailable):
    """There is no cometbft program on PATH: `make cometbft` builds it."""


def find_cometbft() -> str:
    """The program's path: on PATH, or where `make cometbft` leaves it. NoCometBFT if it is in neither place."""
    found = shutil.which("cometbft") or shutil.which(_BUILT)
    if found is None:
        raise NoCometBFT("there is no cometbft on this machine: `make cometbft` builds it, with Go")
    return found


class NodeProcess(Child):
    """One CometBFT node and the application that it asks."""

    def __init__(self, home: Path, application: Answerer) -> None:
        """``home`` is as network.create makes it. NoCometBFT if there is no program, Unavailable if there is no home."""
        super().__init__("cometbft", Program([find_cometbft(), "start", "--home", "."], home))
        try:
            self._config = tomllib.loads((home / "config" / "config.toml").read_text(encoding="utf-8"))
        except OSError as error:
            raise Unavailable(f"{home} is no node's home ({error}): `skerry ledger testnet` makes one") from error
        self._socket = home / SOCKET
        self._blocks = home / "data" / "blockstore.db"
        self._server = Server(application)
        self._loop = asyncio.new_event_loop()
        self._serving = threading.Thread(target=self._serve, name="abci", daemon=True)

    @property
    def address(self) -> str:
        """host:port of the node's RPC."""
        return _bare(self._config["rpc"]["laddr"])

    def start(self) -> None:
        """Answer the node, and keep it running. OSError if the socket cannot be made."""
        self._listening = self._loop.run_until_complete(self._server.start(self._socket))
        self._serving.start()
        super().start()

    def stop(self) -> None:
        """End the node first, then stop answering: it may have a block in hand."""
        super().stop()
        if self._serving.ident is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._serving.join()

    def _serve(self) -> None:
        self._loop.run_forever()
        self._listening.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def program(self) -> Program:
        """The node; one that has no blocks begins from its peers' newest snapshot, if they have one."""
        usual = super().program()
        servers = [_bare(server) for server in self._config["statesync"]["rpc_servers"].split(",") if server]
        found = None if self._blocks.exists() else _agreed(servers)
        if found is None:
            return usual
        anchor, witnesses = found
        _log.info("the node begins from a snapshot of its peers", height=anchor.height)
        environment = {
            "CMT_STATESYNC_ENABLE": "true",
            "CMT_STATESYNC_RPC_SERVERS": ",".join(f"http://{server}" for server in witnesses),
            "CMT_STATESYNC_TRUST_HEIGHT": str(anchor.height),
            "CMT_STATESYNC_TRUST_HASH": anchor.hash,
        }
        return Program(usual.command, usual.folder, environment)


def _bare(address: str) -> str:
    return address.partition("://")[2]


def _agreed(servers: list[str]) -> tuple[Anchor, list[str]] | None:
    """A block that so many peers name alike that one of them is honest, and who they are; None if there is none.

    Of n validators fewer than a third are taken to lie, so (n - 1) // 3 + 1 who say the same hold one who is not. The light
    client asks for two.
    """
    newest = {server: anchor for server in servers if (anchor := _anchor(server)) is not None}
    height = min((anchor.height for anchor in newest.values()), default=0)
    if height < _WORTH_IT:
        return None
    said = {server: anchor for server in newest if (anchor := _anchor(server, height)) is not None}
    anchor, votes = max(Counter(said.values()).items(), key=itemgetter(1), default=(None, 0))
    if anchor is None or votes < max(2, len(servers) // 3 + 1):
        return None
    return anchor, [server for server, word in said.items() if word == anchor]


def _anchor(server: str, height: int | None = None) -> Anchor | None:
    try:
        return Node(server).anchor(height)
    except Unreachable:
        return None
