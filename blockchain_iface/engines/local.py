"""What engines of one process have in common: they order by themselves, and are final as soon as they have written."""

from collections.abc import Sequence

from firmware.wire import cose
from firmware.wire.fields import WireError
from firmware.wire.signer import Signer

from ..ledger import Corrupt, LedgerError, Rejected
from ..log import Log, Storage
from ..signatures import Verifier
from ..state.machine import Machine
from ..state.state import Refused, State


class LocalLedger(Log):
    """A ledger.Ledger: what the state machine accepts becomes a block. All calls come from one thread at a time."""

    def __init__(self, storage: Storage, signer: Signer, site: str, verifier: Verifier | None = None) -> None:
        """Go on from what ``storage`` holds.

        Args:
            signer: the shadow centre's key: it seals blocks and signs receipts.
            site: the site's id; no other may begin here.
            verifier: shared with admission, so that nothing is read or checked twice.
        Raises:
            Corrupt: what is stored contradicts itself.
            Unavailable: it cannot be read.
        """
        self._verifier = verifier or Verifier()
        self._machine = Machine(self._verifier, storage.state, {site: signer.public})
        super().__init__(storage, signer, site)
        self._check()

    @property
    def state(self) -> State:
        """The state after the newest block. Read only."""
        return self._machine.site(self._site)

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        """See ledger.Ledger.submit. A batch with news in it becomes one block; without, nothing is written."""
        statements = [self._parse(data) for data in entries]
        self.refresh()
        news = self._news(statements)
        if news:
            self._take(news, at)
        return [statement.id for statement in statements]

    def refresh(self) -> None:
        """See log.Log.refresh. What the machine remembers is forgotten if it may be of another block."""
        before = self.head()
        super().refresh()
        if self.head() != before:
            self._machine.forget()

    def _take(self, news: Sequence[cose.Statement], at: int) -> None:
        head = self.head()
        try:
            self._judge(news)
            self.append(news, at, self._machine.seal(head.height + 1 if head else 0))
        except LedgerError:
            self._machine.rollback()
            raise
        self._machine.commit()

    def _news(self, statements: Sequence[cose.Statement]) -> list[cose.Statement]:
        bytes_of = self._storage.known([statement.id for statement in statements])
        news = []
        for statement in statements:
            if statement.id not in bytes_of:
                news.append(statement)
            if bytes_of.setdefault(statement.id, statement.data) != statement.data:
                raise Rejected(statement.id, "this statement is here with another signature, and what is here stays")
        return news

    def _judge(self, statements: Sequence[cose.Statement]) -> None:
        for statement in statements:
            try:
                self._machine.apply(statement)
            except Refused as refusal:
                raise Rejected(statement.id, str(refusal)) from None
            self._machine.keep()

    def _check(self) -> None:
        """What can be seen at once; `skerry ledger verify` looks at every entry."""
        size = self._newest.head.size if self._newest else 0
        if not self.read(size - 2, 1) and size:
            raise Corrupt("an entry that the newest block covers is missing", size - 1)
        if self.read(size - 1, 1):
            raise Corrupt("no block covers this entry", size)
        state = (self._storage.state.slots(), self._machine.root())
        if self._newest and self._newest.state != state:
            raise Corrupt(f"the stored state is not that of block {self._newest.head.height}")
        others = [name for name in self._machine.sites() if name != self._site]
        if others:
            raise Corrupt(f"this is the ledger of site {others[0]}, not of {self._site}")

    def _parse(self, data: bytes) -> cose.Statement:
        try:
            return self._verifier.parse(data)
        except WireError as error:
            raise Rejected(b"", str(error)) from None
