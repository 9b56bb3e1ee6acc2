"""What we say to a node over its RPC (CometBFT v0.38, JSON-RPC 2.0 over HTTP)."""

import base64
import http.client
import json
from dataclasses import dataclass
from typing import Any

from ..ledger import Unavailable

_TIMEOUT_S = 5.0
_KNOWN = "tx already exists in cache"


class Unreachable(Unavailable):
    """The node does not answer, or not now: it starts, it has ended, its pool is full. Try again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What CheckTx said: refused or not; if so, the refused statement's id and the reason."""

    refused: bool
    id: bytes = b""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A height and its block's hash (hex), from which a light client may begin."""

    height: int
    hash: str


class Node:
    """One node's RPC."""

    def __init__(self, address: str) -> None:
        """``address``: host:port."""
        self._address = address

    def broadcast(self, transaction: bytes) -> Answer:
        """Put a transaction into the node's pool, and so into everybody's. Unreachable: try again."""
        document = self._call("broadcast_tx_sync", {"tx": base64.b64encode(transaction).decode()})
        error = document.get("error")
        if error is not None:
            if error.get("data") == _KNOWN:
                return Answer(refused=False)
            raise Unreachable(f"the node takes nothing: {error.get('data') or error.get('message')}")
        result = document["result"]
        return Answer(result["code"] != 0, base64.b64decode(result["data"] or ""), result["log"])

    def anchor(self, height: int | None = None) -> Anchor:
        """The signed block at ``height``, or the newest. Unreachable if there is none."""
        document = self._call("commit", {} if height is None else {"height": str(height)})
        try:
            commit = document["result"]["signed_header"]["commit"]
            return Anchor(int(commit["height"]), commit["block_id"]["hash"])
        except (KeyError, TypeError):  # null before the first block
            raise Unreachable(f"the node has no block at height {height}") from None

    def _call(self, method: str, params: dict[str, str]) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            document: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"the node does not answer: {error or type(error).__name__}") from None
        finally:
            connection.close()
        return document
