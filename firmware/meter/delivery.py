"""Kept statements of one kind on their way to the ledger: each is sent until its receipt. Flash is the only I/O."""

from .outbox import Outbox
from .statements import StatementDamaged, Statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.receipt import Verifier
    from ..wire.steps import Steps


class Delivery:
    """What is to be sent, and what frees it.

    Attributes:
        outbox: says when; tell it what was ``sent``.
    """

    def __init__(self, kept: Statements, kind: int) -> None:
        """``kind``: receipt.CERTIFICATE or receipt.EVENT."""
        self._kept = kept
        self._kind = kind
        self.outbox = Outbox(kept.pending(kind))

    @property
    def debt(self) -> int:
        """Statements without receipt: those to be sent, and those that the flash has destroyed before."""
        return len(self._kept.pending(self._kind)) + len(self._kept.lost(self._kind))

    def due(self, ticks_ms: int) -> "tuple[int, bytes] | None":
        """Number and bytes of the statement to send now, if any."""
        while True:
            number = self.outbox.due(ticks_ms)
            if number is None:
                return None
            try:
                return number, self._kept.read(self._kind, number)
            except StatementDamaged:
                # it stays in the debt, where people see it
                self.outbox.freed(number, ticks_ms)

    def give_up(self, first: int, last: int, ticks_ms: int) -> None:
        """Statements ``first`` to ``last`` are not sent any more, and their room is free. See Statements."""
        self._kept.give_up(self._kind, first, last)
        for number in range(first, last + 1):
            self.outbox.freed(number, ticks_ms)

    def receipt_steps(self, number: int, data: bytes, verifier: "Verifier", ticks_ms: int) -> "Steps[tuple[int, bytes] | None]":
        """Free the statement that receipt ``data`` proves to be in the ledger; returns that tree's size and root. In steps.

        WireError if it proves nothing. None for a statement that we do not hold any more, which is no news, and for one that
        the flash has destroyed: that cannot be checked, and stays in the debt.
        """
        if number not in self._kept.pending(self._kind):
            return None
        try:
            statement = self._kept.read(self._kind, number)
        except StatementDamaged:
            self.outbox.freed(number, ticks_ms)
            return None
        head = yield from verifier.check_steps(data, statement)
        # a full flash may have given it up in the meantime
        if number in self._kept.pending(self._kind):
            self._kept.free(self._kind, number)
        self.outbox.freed(number, ticks_ms)
        return head
