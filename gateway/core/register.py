"""What people decide about meters and their keys, as entries on the ledger. Doing a thing again changes nothing."""

from dataclasses import dataclass

from blockchain_iface.ledger import Rejected
from blockchain_iface.state.entries import Commissioning, Exchange, Readmission, Revocation
from blockchain_iface.state.records import NEVER
from blockchain_iface.state.registry import newest
from firmware.wire import receipt

from .writer import Writer


@dataclass(frozen=True, slots=True)
class Takeover:
    """Another meter goes on where ``old`` was, from Unix second ``time``: what both show then, (import, export) in Wh."""

    old: str
    closing: tuple[int, int]
    opening: tuple[int, int]
    time: int


class Register:
    """One site's. Each call raises Rejected with the reason, or Unavailable; ``now`` is Unix seconds."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def revoke(self, meter: str, first: int | None, reason: str, now: int) -> None:
        """The key of ``meter`` signs nothing from certificate ``first`` on; None: from the first that is not here.

        Its events end at once, unless it is to go on certifying for a while.
        """
        state = self._writer.state
        known = state.meters.get(meter)
        if known is None:
            raise Rejected(b"", f"{meter} is not enrolled")
        following = state.chain(receipt.CERTIFICATE, meter).highest + 1
        first = following if first is None else first
        if state.keys[known.kid].certificates[1] > first:
            event = state.chain(receipt.EVENT, meter).highest + 1 if first == following else NEVER - 1
            self._writer.write(meter, Revocation(meter, first, event, reason), now)

    def readmit(self, meter: str, reason: str, now: int) -> None:
        """Settle what the quarantine of the point that ``meter`` is at has held back."""
        state = self._writer.state
        known = state.meters.get(meter)
        hold = None if known is None else state.holds.get(known.point)
        if known is None or hold is None:
            raise Rejected(b"", f"{meter} is in no quarantine")
        self._writer.write(known.point, Readmission(known.point, hold.number, reason), now)

    def commission(self, seen: Commissioning, now: int) -> None:
        """Put on record what a technician saw when a meter was accepted."""
        try:
            Commissioning.decode(seen.encode())
        except ValueError as error:
            raise Rejected(b"", str(error)) from None
        self._writer.write(seen.meter, seen, now)

    def exchange(self, meter: str, request: bytes, takeover: Takeover, now: int) -> None:
        """Let ``meter``, which offers its key in ``request``, go on where another one was."""
        last, _ = newest(self._writer.state, takeover.old)
        entry = Exchange(takeover.old, request, last, takeover.closing, takeover.opening, takeover.time)
        self._writer.write(meter, entry, now)
