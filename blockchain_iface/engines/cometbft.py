"""The cometbft engine: the shadow centres of several microgrids keep one ledger together, and no third of them can bend it.

Each runs a CometBFT node beside its gateway, and holds the whole ledger in a file of its own. A batch is on this centre's disk
when ``submit`` returns, and final once more than two thirds of the validators have agreed on its block, usually within a
second. Whoever is cut off, or too few, goes on metering: what waits is delivered on return. After finality each centre
signs the head of its own copy, so receipts are as plain as the embedded engine's.
"""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import structlog

from firmware.wire.signer import Signer

from ..cometbft.application import Application, founders_of
from ..cometbft.copy import Copy, CopyStore
from ..cometbft.courier import Courier
from ..cometbft.outbox import Outbox
from ..cometbft.process import NodeProcess
from ..cometbft.rpc import Node
from ..ledger import Entry, Head, Health
from ..signatures import Verifier
from ..state.happenings import Happening
from ..state.state import State
from .embedded import FILE
from .judged import JudgedLog

_log = structlog.get_logger()
OUTBOX, HOME = "outbox.sqlite", "cometbft"
_PATIENCE_S = 60
"""Entries that wait longer than this say that we are cut off, or that too few validators run."""

_UNHEARD = 10_000


class CometLedger(JudgedLog):
    """A ledger.Ledger on one validator, read through a connection of its own: the node's thread writes another one."""

    def __init__(
        self,
        directory: Path,
        signer: Signer,
        site: str,
        verifier: Verifier | None = None,
        application: type[Application] = Application,
    ) -> None:
        """Open this centre's copy, and start its node.

        Args:
            directory: the site's; `skerry ledger testnet` has made the node's folder in it.
            signer: the shadow centre's key: it seals blocks and signs receipts.
            site: the site's id.
            verifier: shared with admission, so that nothing is read or checked twice.
            application: what the node asks.
        Raises:
            Corrupt: a file contradicts itself.
            Unavailable: a file cannot be opened, or there is no node's folder or no cometbft program.
        """
        founders = founders_of(directory / HOME)
        self._happened: deque[Happening] = deque(maxlen=_UNHEARD)
        self._copy = Copy(directory / FILE, signer, site)
        self._reading = CopyStore(directory / FILE)
        super().__init__(self._reading, signer, site, founders, verifier)
        self._outbox = Outbox(directory / OUTBOX)
        # a verifier of its own: the node's calls come from another thread
        answerer = application(self._copy, Verifier(), founders, self._settle, self._tell, _accuse)
        self._process = NodeProcess(directory / HOME, answerer)
        self._courier = Courier(self._outbox, Node(self._process.address))
        self._process.start()
        self._courier.start()

    def _settle(self, digests: Sequence[bytes]) -> None:
        self._courier.settle(digests)

    def _tell(self, happened: Sequence[tuple[str, Happening]]) -> None:
        self._happened.extend(self._own(happened))

    def happened(self) -> list[Happening]:
        """What the site's final entries have brought about since the last call, certificates left out; the newest 10,000."""
        return [self._happened.popleft() for _ in range(len(self._happened))]

    def refresh(self) -> None:
        """See what the node's thread has written, and until the next call nothing later. Corrupt or Unavailable."""
        self._reading.renew()
        super().refresh()

    @property
    def state(self) -> State:
        """The site's state after the newest block. Read only."""
        self.refresh()
        return super().state

    def close(self) -> None:
        """Stop the node and close the files. What waits is delivered next time."""
        self._courier.stop()
        self._process.stop()
        self._outbox.close()
        self._copy.close()
        super().close()

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        """See ledger.Ledger.submit. Of two accepted batches that contradict each other, the first to be ordered stays."""
        statements = [self._parse(data) for data in entries]
        self.refresh()
        waiting = self._outbox.holds([statement.id for statement in statements])
        news = [statement for statement in self._news(statements) if statement.id not in waiting]
        if news:
            try:
                self._judge(news)
            finally:
                self._machine.rollback()
            self._outbox.put(news, at)
            self._courier.wake()
        return [statement.id for statement in statements]

    def get(self, id: bytes) -> Entry | None:
        """See ledger.Ledger.get."""
        self.refresh()
        return super().get(id)

    def receipts(self, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """See ledger.Ledger.receipts."""
        self.refresh()
        return super().receipts(ids)

    def read(self, after: int, limit: int) -> list[Entry]:
        """See ledger.Ledger.read."""
        self.refresh()
        return super().read(after, limit)

    def blocks(self, count: int) -> list[Head]:
        """See ledger.Ledger.blocks."""
        self.refresh()
        return super().blocks(count)

    def head(self) -> Head | None:
        """See ledger.Ledger.head."""
        self.refresh()
        return super().head()

    def health(self, now: int) -> Health:
        """See ledger.Ledger.health. Not available: what was submitted a minute ago is not final yet."""
        self.refresh()
        health, oldest = super().health(now), self._outbox.oldest()
        is_heard = oldest is None or now - oldest[0] <= _PATIENCE_S or super().get(oldest[1]) is not None
        return Health(health.available and is_heard, health.head, health.age_s)


def _accuse(address: bytes, height: int) -> None:
    _log.error("a validator has voted twice: its node runs twice, or its owner cheats", validator=address.hex(), height=height)
