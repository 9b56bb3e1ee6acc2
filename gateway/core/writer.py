"""What the shadow centre itself puts on the ledger, signed with its key."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from blockchain_iface.ledger import Ledger, Rejected
from blockchain_iface.state.happenings import Happening
from blockchain_iface.state.state import State
from firmware.wire import cose
from firmware.wire.signer import Signer


class StatefulLedger(Ledger, Protocol):
    """A ledger that keeps the state its final entries add up to."""

    @property
    def state(self) -> State:
        """The state after the newest block. Read only."""
        ...

    def happened(self) -> list[Happening]:
        """What the site's final entries have brought about since the last call, each once; certificates are left out."""
        ...


class Body(Protocol):
    """A body of blockchain_iface.state.entries."""

    TYPE: ClassVar[str]

    def encode(self) -> bytes:
        """The payload."""
        ...


class Writer:
    """The ledger, and the hand that signs on it."""

    def __init__(self, ledger: StatefulLedger, signer: Signer, site: str) -> None:
        self.ledger = ledger
        self.signer = signer
        self.site = site
        self._newest: tuple[bytes, ...] = ()

    @property
    def state(self) -> State:
        """The ledger's state."""
        return self.ledger.state

    def write(self, subject: str, body: Body, now: int) -> None:
        """Sign one entry about ``subject`` and submit it; the same one again changes nothing. Rejected or Unavailable."""
        self.write_all([(subject, body.TYPE, body.encode())], now)

    def write_all(self, entries: Sequence[tuple[str, str, bytes]], now: int) -> None:
        """Sign (subject, type, payload) each and submit them as one batch. Rejected or Unavailable."""
        self._newest = tuple(cose.sign(self.signer, self.site, *entry) for entry in entries)
        self.ledger.submit(self._newest, now)

    def is_settled(self, now: int) -> bool:
        """Whether what was written last is final or refused after all: what follows from it is only known then. Unavailable."""
        try:
            ids = self.ledger.submit(self._newest, now)
        except Rejected:
            return True
        return all(self.ledger.get(id) for id in ids)
