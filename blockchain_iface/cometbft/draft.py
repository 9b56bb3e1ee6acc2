"""One block in the making: transactions judged one after another on top of the newest state."""

from collections.abc import Callable, Sequence

from firmware.wire import cose
from firmware.wire.fields import WireError

from ..ledger import Rejected
from ..signatures import Verifier
from ..state.happenings import Happening
from ..state.machine import Machine
from ..state.state import Refused
from . import transaction


class Draft:
    """The block's transactions so far, what they change in the machine, and what happened at which site."""

    def __init__(self, machine: Machine, verifier: Verifier, is_final: Callable[[bytes], bool]) -> None:
        """``is_final`` says whether the ledger holds an entry with an id already."""
        self._machine = machine
        self._verifier = verifier
        self._is_final = is_final
        self.transactions: list[bytes] = []
        self.statements: list[cose.Statement] = []
        self.happened: list[tuple[str, Happening]] = []
        self._ids: set[bytes] = set()

    def clear(self) -> None:
        """Begin anew."""
        self._machine.rollback()
        self.transactions, self.statements, self.happened, self._ids = [], [], [], set()

    def take(self, data: bytes) -> None:
        """Add a transaction. Entries that are on the ledger or in this block already are passed over.

        Raises:
            Rejected: one of its entries breaks a rule, or none is new; nothing of it is left.
        """
        news, happened = self._judge(data)
        self._machine.keep()
        self.happened += happened
        self.transactions.append(data)
        self.statements.extend(news)
        self._ids.update(statement.id for statement in news)

    def _judge(self, data: bytes) -> tuple[Sequence[cose.Statement], list[tuple[str, Happening]]]:
        try:
            statements = {statement.id: statement for statement in transaction.decode(data, self._verifier.parse)}
        except WireError as error:
            raise Rejected(b"", str(error)) from None
        news = [one for id, one in statements.items() if id not in self._ids and not self._is_final(id)]
        if not news:
            raise Rejected(next(iter(statements)), "already on the ledger")
        happened = []
        for statement in news:
            try:
                happened += [(statement.issuer, one) for one in self._machine.apply(statement)]
            except Refused as refusal:
                self._machine.drop()
                raise Rejected(statement.id, str(refusal)) from None
        return news, happened
