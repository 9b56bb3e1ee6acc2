"""Carries the outbox to the node: at once, again after a while, and again after whatever happened in between."""

import threading
import time
from collections import deque
from collections.abc import Sequence

import structlog

from ..ledger import Unavailable
from .outbox import Outbox
from .rpc import Node

_log = structlog.get_logger()
_WINDOW = 500
_AGAIN_S = 15.0
_IDLE_S = 1.0
_PAUSE_S = 0.1
_LAG_S = 0.1
"""What follows from a block is sent this long after it: a peer that has not finished it yet would refuse it, and is not asked
again. It costs nothing, for the next block is not begun earlier."""


class Courier:
    """A thread between the outbox and the node's pool."""

    def __init__(self, outbox: Outbox, node: Node) -> None:
        """``node`` is for this thread alone."""
        self._outbox = outbox
        self._node = node
        self._final: deque[bytes] = deque()
        self._sent: dict[bytes, float] = {}
        self._quiet_until = 0.0
        self._trouble = ""
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End. What waits goes on waiting on the disk."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Something new is in the outbox."""
        self._wake.set()

    def settle(self, digests: Sequence[bytes]) -> None:
        """A block is final, and in it the transactions with these SHA-256."""
        self._final.extend(digests)
        self._quiet_until = time.monotonic() + _LAG_S
        self._wake.set()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(_IDLE_S)
            self._wake.clear()
            self._stopping.wait(max(0.0, self._quiet_until - time.monotonic()))
            try:
                self._round(time.monotonic())
                self._trouble = ""
            except Unavailable as error:
                self._tell(str(error))
                self._stopping.wait(_PAUSE_S)

    def _tell(self, trouble: str) -> None:
        """Once, however long it lasts."""
        if trouble != self._trouble:
            _log.info("entries wait in the outbox", reason=trouble)
        self._trouble = trouble

    def _round(self, now: float) -> None:
        done = [self._final.popleft() for _ in range(len(self._final))]
        if done:
            self._forget(done)
        for digest in self._outbox.first(_WINDOW):
            if now - self._sent.get(digest, -_AGAIN_S) >= _AGAIN_S:
                self._carry(digest, now)

    def _carry(self, digest: bytes, now: float) -> None:
        data = self._outbox.data(digest)
        assert data is not None  # only this thread removes
        answer = self._node.broadcast(data)
        self._sent[digest] = now
        if answer.refused:
            _log.warning("a batch is not wanted", entry=answer.id.hex()[:16], reason=answer.reason)
            self._forget([digest])

    def _forget(self, digests: list[bytes]) -> None:
        self._outbox.remove(digests)
        for digest in digests:
            self._sent.pop(digest, None)
