"""What engines of one process have in common: they order by themselves, and are final as soon as they have written."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import attrgetter

from firmware.wire import cose
from firmware.wire.fields import WireError
from firmware.wire.signer import Signer

from ..ledger import Corrupt, Entry, LedgerError, Rejected
from ..log import Log, Storage
from ..signatures import Verifier
from ..state.machine import Machine
from ..state.memory import MemoryBacking
from ..state.state import Refused, State

_REPLAY = 1000


class LocalLedger(Log):
    """A ledger.Ledger: what the state machine accepts becomes a block. All calls come from one thread at a time."""

    def __init__(self, storage: Storage, signer: Signer, site: str, verifier: Verifier | None = None) -> None:
        """Go on from what ``storage`` holds.

        Args:
            signer: the shadow centre's key: it seals blocks and signs receipts.
            site: the site's id; no other may begin here.
            verifier: shared with admission, so that no signature is checked twice.
        Raises:
            Corrupt: what is stored contradicts itself.
            Unavailable: it cannot be read.
        """
        super().__init__(storage, signer, site)
        self._backing = MemoryBacking()
        self._machine = Machine(verifier or Verifier(), self._backing, {site: signer.public})
        self._replayed = 0
        self._replay()
        if self.read(self._replayed - 1, 1):
            raise Corrupt("no block covers this entry", self._replayed)

    @property
    def state(self) -> State:
        """The state after the newest block. Read only."""
        return self._machine.site(self._site)

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        """See ledger.Ledger.submit. A batch with news in it becomes one block; without, nothing is written."""
        statements = [_parse(data) for data in entries]
        self.refresh()
        self._replay()
        news = self._news(statements)
        if news:
            self._take(news, at)
        return [statement.id for statement in statements]

    def _take(self, news: Sequence[cose.Statement], at: int) -> None:
        try:
            self._judge(news)
            head = self.append(news, at)
        except LedgerError:
            self._machine.rollback()
            # what failed may be on the disk all the same
            with suppress(LedgerError):
                self._replay()
            raise
        self._seal(head.height)
        self._replayed = head.size

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

    def _seal(self, height: int) -> None:
        self._backing.write(self._machine.seal(height))
        self._machine.commit()

    def _replay(self) -> None:
        for height, entries in groupby(self._beyond(), attrgetter("height")):
            for entry in entries:
                self._apply(entry)
            self._seal(height)

    def _beyond(self) -> Iterator[Entry]:
        """The entries that are stored and not yet applied."""
        head = self.head()
        place, size = self._replayed, head.size if head else 0
        while place < size:
            entries = self.read(place - 1, min(_REPLAY, size - place))
            if not entries:
                raise Corrupt(f"the newest block covers {size} entries, the file holds {place}")
            yield from entries
            place = entries[-1].index + 1

    def _apply(self, entry: Entry) -> None:
        try:
            self._machine.apply(cose.parse(entry.data))
        except (Refused, WireError) as error:
            raise Corrupt(str(error), entry.index) from None
        self._machine.keep()
        self._replayed = entry.index + 1


def _parse(data: bytes) -> cose.Statement:
    try:
        return cose.parse(data)
    except WireError as error:
        raise Rejected(b"", str(error)) from None
