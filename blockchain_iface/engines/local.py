"""What engines of one process have in common: they order by themselves, and are final as soon as they have written."""

from collections.abc import Sequence

from firmware.wire import cose
from firmware.wire.signer import Signer

from ..ledger import Corrupt
from ..log import Storage
from ..signatures import Verifier
from ..state.happenings import Happening
from .judged import JudgedLog

_UNHEARD = 1000
"""Blocks of which nobody has asked what happened."""


class LocalLedger(JudgedLog):
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
        super().__init__(storage, signer, site, {site: signer.public}, verifier)
        self._drafts: dict[int, list[Happening]] = {}
        self._check()

    def happened(self) -> list[Happening]:
        """What the entries have brought about since the last call, certificates left out; of the newest thousand blocks."""
        head = self.head()
        done = [height for height in self._drafts if head and height <= head.height]
        return [happening for height in done for happening in self._drafts.pop(height)]

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        """See ledger.Ledger.submit. A batch with news in it becomes one block; without, nothing is written."""
        statements = [self._parse(data) for data in entries]
        self.refresh()
        news = self._news(statements)
        if news:
            self._take(news, at)
        return [statement.id for statement in statements]

    def _take(self, news: Sequence[cose.Statement], at: int) -> None:
        head = self.head()
        height = head.height + 1 if head else 0
        try:
            # kept until it is known whether the block is there: a write may fail and have been carried out
            self._expect(height, self._judge(news))
            self.append(news, at, self._machine.seal(height))
        except BaseException:
            self._machine.rollback()
            raise
        self._machine.commit()

    def _expect(self, height: int, happening: list[Happening]) -> None:
        self._drafts.pop(height, None)
        if happening:
            self._drafts[height] = happening
        if len(self._drafts) > _UNHEARD:
            del self._drafts[next(iter(self._drafts))]

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
