"""A log with the state machine over it: what every engine that keeps its own copy has in common."""

from collections.abc import Mapping, Sequence

from firmware.wire import cose
from firmware.wire.fields import WireError
from firmware.wire.signer import Signer

from ..ledger import Rejected
from ..log import Log, Storage
from ..signatures import Verifier
from ..state.happenings import Certified, Happening
from ..state.machine import Machine
from ..state.state import Refused, State


class JudgedLog(Log):
    """A log.Log, its newest state, and the judgement of what may come next. All calls come from one thread at a time."""

    def __init__(
        self, storage: Storage, signer: Signer, site: str, founders: Mapping[str, bytes], verifier: Verifier | None = None
    ) -> None:
        """Go on from what ``storage`` holds.

        Args:
            signer: the shadow centre's key: it seals blocks and signs receipts.
            site: the site's id.
            founders: the sites that may begin here, and their shadow centres' keys (64 bytes).
            verifier: shared with admission, so that nothing is read or checked twice.
        Raises:
            Corrupt: what is stored contradicts itself.
            Unavailable: it cannot be read.
        """
        self._verifier = verifier or Verifier()
        self._machine = Machine(self._verifier, storage.state, founders)
        super().__init__(storage, signer, site)

    @property
    def state(self) -> State:
        """The site's state after the newest block. Read only."""
        return self._machine.site(self._site)

    def refresh(self) -> None:
        """See log.Log.refresh. What the machine remembers is forgotten if it may be of another block."""
        before = self._newest
        super().refresh()
        if self._newest is not before:
            self._machine.forget()

    def _parse(self, data: bytes) -> cose.Statement:
        try:
            return self._verifier.parse(data)
        except WireError as error:
            raise Rejected(b"", str(error)) from None

    def _news(self, statements: Sequence[cose.Statement]) -> list[cose.Statement]:
        known = self._storage.known([statement.id for statement in statements])
        bytes_of = {id: entry.data for id, entry in known.items()}
        news = []
        for statement in statements:
            if statement.id not in bytes_of:
                news.append(statement)
            if bytes_of.setdefault(statement.id, statement.data) != statement.data:
                raise Rejected(statement.id, "this statement is here with another signature, and what is here stays")
        return news

    def _judge(self, statements: Sequence[cose.Statement]) -> list[Happening]:
        """Draft them in the machine: what would happen. Rejected leaves the drafts to be rolled back."""
        happened: list[tuple[str, Happening]] = []
        for statement in statements:
            try:
                happened += [(statement.issuer, one) for one in self._machine.apply(statement)]
            except Refused as refusal:
                raise Rejected(statement.id, str(refusal)) from None
            self._machine.keep()
        return self._own(happened)

    def _own(self, happened: Sequence[tuple[str, Happening]]) -> list[Happening]:
        """What people of this site are told of ``happened``, each with its site: all but certificates, which are the rule."""
        return [one for site, one in happened if site == self._site and not isinstance(one, Certified)]
