"""Which statements of one kind to send when. No I/O: time and chance are arguments.

A new statement goes at once. All other sending is back-fill: oldest first, at most one every BACKFILL_MS, so that neither an
outage nor a gateway that asks for everything again ends in a flood. What was sent is sent again until its receipt: after
FIRST_MS, doubling to LONGEST_MS. Only WINDOW of a long queue are on their way at once. A receipt proves that somebody
listens, so it brings the others' next attempt forward.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .u32_list import U32List

BACKFILL_MS = 250
WINDOW = 8
FIRST_MS = 3000
LONGEST_MS = 60000


class _Flight:
    __slots__ = ("due", "pause")

    def __init__(self, due: int) -> None:
        self.due = due
        self.pause = FIRST_MS


class Outbox:
    """The numbers without receipt."""

    def __init__(self, pending: "U32List | list[int]") -> None:
        """``pending``: the store's own list, ascending, which goes on changing; a fortnight's copy would cost an ESP32 dear."""
        self._pending = pending
        self._live: int | None = None
        self._wanted: tuple[int, int] | None = None
        self._flights: dict[int, _Flight] = {}
        self._next = 0

    def add(self, number: int) -> None:
        """A new statement, pending from now on, to be sent before all others."""
        self._live = number

    def due(self, now: int) -> "int | None":
        """The statement to send now, if any. ``now``: monotonic milliseconds, here and below."""
        if self._live is not None:
            return self._live
        if now < self._next:
            return None
        wanted = self._first_wanted()
        if wanted is not None:
            return wanted
        self._fill_window(now)
        due = [number for number, flight in self._flights.items() if flight.due <= now]
        return min(due) if due else None

    def sent(self, number: int, now: int, chance: int) -> None:
        """``number`` went out. ``chance`` 0..255 stretches the pause by up to a quarter: meters must not march in step."""
        if number == self._live:
            self._live = None
            if number in self._pending and len(self._flights) < WINDOW:
                self._flights[number] = _Flight(now)
        else:
            self._next = now + BACKFILL_MS
            if self._wanted is not None:
                self._wanted = number + 1, self._wanted[1]
        flight = self._flights.get(number)
        if flight is not None:
            flight.due = now + flight.pause + flight.pause * chance // 1024
            flight.pause = min(2 * flight.pause, LONGEST_MS)

    def freed(self, number: int, now: int) -> None:
        """``number`` needs no sending any more and is not pending: it has its receipt, or cannot be read."""
        self._flights.pop(number, None)
        if number == self._live:
            self._live = None
        for flight in self._flights.values():
            flight.pause = FIRST_MS
            flight.due = min(flight.due, now + FIRST_MS)

    def resend(self, first: int, last: int) -> None:
        """The gateway misses ``first`` to ``last``: those that we still hold go before all other back-fill."""
        self._wanted = first, last

    def reconnected(self, now: int) -> None:
        """The link is new: what was on its way may be lost, so it is due again."""
        for flight in self._flights.values():
            flight.due = now
            flight.pause = FIRST_MS

    def _first_wanted(self) -> "int | None":
        if self._wanted is not None:
            for number in self._pending:
                if self._wanted[0] <= number <= self._wanted[1]:
                    return number
        self._wanted = None
        return None

    def _fill_window(self, now: int) -> None:
        for number in self._pending:
            if len(self._flights) >= WINDOW:
                return
            if number not in self._flights:
                self._flights[number] = _Flight(now)
