"""Which certificates to send when. No I/O: time and chance are arguments.

A certificate is sent at once when it is new, then again and again until its receipt: after FIRST_MS, doubling to
LONGEST_MS. Of a long queue only the oldest WINDOW are on their way, so that a gateway that returns is not flooded; a new
certificate passes the queue once, so that the screen is live while the debt is paid. A receipt proves that somebody
listens, so it brings the others' next attempt forward.
"""

WINDOW = 8
FIRST_MS = 3000
LONGEST_MS = 60000


class _Flight:
    __slots__ = ("due", "pause")

    def __init__(self, due: int) -> None:
        self.due = due
        self.pause = FIRST_MS


class Outbox:
    """The sequence numbers without receipt."""

    def __init__(self, pending: "list[int]") -> None:
        """``pending``: what the flash holds, ascending."""
        self._live: int | None = None
        self._waiting = list(pending)
        self._flights: dict[int, _Flight] = {}

    def add(self, seq: int) -> None:
        """A new certificate, to be sent before all others."""
        if self._live is not None:
            self._waiting.append(self._live)
        self._live = seq

    def due(self, now: int) -> "int | None":
        """The certificate to send now, if any. ``now``: monotonic milliseconds, here and below."""
        while self._waiting and len(self._flights) < WINDOW:
            self._flights[self._waiting.pop(0)] = _Flight(now)
        if self._live is not None:
            return self._live
        due = [seq for seq, flight in self._flights.items() if flight.due <= now]
        return min(due) if due else None

    def sent(self, seq: int, now: int, chance: int) -> None:
        """``seq`` went out. ``chance`` 0..255 stretches the pause by up to a quarter: meters must not march in step."""
        if seq == self._live:
            self._live = None
            if len(self._flights) == WINDOW:
                self._waiting.append(seq)
            else:
                self._flights[seq] = _Flight(now)
        flight = self._flights.get(seq)
        if flight is not None:
            flight.due = now + flight.pause + flight.pause * chance // 1024
            flight.pause = min(2 * flight.pause, LONGEST_MS)

    def freed(self, seq: int, now: int) -> None:
        """``seq`` needs no sending any more: it has its receipt."""
        self._flights.pop(seq, None)
        if seq == self._live:
            self._live = None
        if seq in self._waiting:
            self._waiting.remove(seq)
        for flight in self._flights.values():
            flight.pause = FIRST_MS
            flight.due = min(flight.due, now + FIRST_MS)

    def resend(self, first: int, last: int, now: int) -> None:
        """The gateway misses ``first`` to ``last``: those that we still hold are due now."""
        for seq in [seq for seq in self._waiting if first <= seq <= last]:
            self._waiting.remove(seq)
            self._flights[seq] = _Flight(now)
        for seq, flight in self._flights.items():
            if first <= seq <= last:
                flight.due = now

    def reconnected(self, now: int) -> None:
        """The link is new: what was on its way may be lost, so it is due again."""
        for flight in self._flights.values():
            flight.due = now
            flight.pause = FIRST_MS
