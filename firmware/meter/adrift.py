"""Metering before the time is known: rows on the monotonic clock, dated once it is. No I/O.

    certified time |                 |  row  |  row  |  row  |  rest        time is learnt here
                   | catch-up        | rows as they were sampled  |  the next interval takes the rest
                   ^ last end        ^ first reading of this run

The rows become one certificate, whatever the wait: when there are as many as fit, pairs of them are merged. Nothing of this is
on the flash. After a power cut before the time was known the device's own registers tell the energy, as after any hole.
"""

from ..wire.certificate import CATCH_UP, MAX_ROWS, MISSING, PARTIAL
from .energy import Energy
from .interval import Interval
from .reading import Reading
from .row import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    Closed = tuple[int, int, int, int | None, int | None, int | None, int]


class Adrift:
    """A stretch without a date.

    Attributes:
        energy: the certified registers as they stand now; None before the first reading of a device with registers.
    """

    def __init__(self, row_s: int, start: "int | None", energy: "Energy | None") -> None:
        """``row_s``: seconds. ``start``, ``energy``: where the certified record ends, None if it has not begun."""
        self.energy = energy
        self._known = energy.registers if energy else (0, 0)
        self._start = start
        self._row_ms = 1000 * row_s
        self._began: int | None = None
        self._opening = self._known
        self._closed: list[Closed] = []
        self._row = Row()
        self._late = False

    def add(self, ticks_ms: int, reading: Reading) -> None:
        """Add a reading taken at ``ticks_ms``, which never falls."""
        if self.energy is None:
            if reading.registers is None:
                return
            self.energy = Energy(reading.registers, (0, 0), 0)
        if self._began is None:
            self._began = ticks_ms
            # what the device counted while we were off belongs before the first row
            counted = self._count(ticks_ms, reading)
            self._late = not counted
            self._opening = self.energy.registers
            self._row.sample(reading)
            return
        self._close_until(ticks_ms)
        self._row.sample(reading)
        step = self._count(ticks_ms, reading)
        if step:
            self._row.count(step, self._late)

    def anchor(self, time_ms: int, ticks_ms: int) -> "list[Interval]":
        """What can be certified, oldest first, now that it is ``time_ms`` (Unix) at ``ticks_ms``. What is not in it is in the
        device's registers, and the next reading catches up with it."""
        if self._began is None:
            return []
        self._close_until(ticks_ms)
        row_s = self._row_ms // 1000
        t0 = -((ticks_ms - self._began - time_ms) // 1000)  # rounded up: the second in which a row begins is not its
        rows, registers = self._closed, self._opening
        intervals = []
        if self._start is not None:
            # the record has no holes and no overlaps: rows that would begin before its end are part of the catch-up
            while rows and t0 <= self._start:
                registers = registers[0] + rows[0][0], registers[1] + rows[0][1]
                rows, t0 = rows[1:], t0 + row_s
            if not rows:
                return []
            step = registers[0] - self._known[0], registers[1] - self._known[1]
            catch_up = (step[0], step[1], 0, None, None, None, CATCH_UP)
            intervals.append(Interval(self._start, t0 - self._start, self._known, [catch_up], registers))
        if rows:
            closing = registers[0] + sum([row[0] for row in rows]), registers[1] + sum([row[1] for row in rows])
            intervals.append(Interval(t0, row_s, registers, rows, closing))
        return intervals

    def _count(self, ticks_ms: int, reading: Reading) -> "tuple[int, int] | None":
        assert self.energy is not None
        assert self._began is not None
        if reading.registers is None:
            return None
        at = (self._start or 0) + (ticks_ms - self._began) // 1000
        step, status = self.energy.count(reading.registers, at, reading.wraps)
        self._row.status |= status
        return step

    def _close_until(self, ticks_ms: int) -> None:
        """Close the rows that have passed at ``ticks_ms``."""
        assert self._began is not None
        while ticks_ms - self._began >= self._row_ms * (len(self._closed) + 1):
            self._closed.append(self._row.close())
            self._late = not self._row.counted
            self._row = Row()
            if len(self._closed) == MAX_ROWS:
                pairs = range(0, MAX_ROWS, 2)
                self._closed = [_merged(self._closed[at], self._closed[at + 1]) for at in pairs]
                self._row_ms *= 2


def _merged(first: "Closed", second: "Closed") -> "Closed":
    """Two rows of the same length as one."""
    energy = first[0] + second[0], first[1] + second[1]
    missing = (first[6] & MISSING) + (second[6] & MISSING)
    status = (first[6] | second[6]) & ~MISSING
    if missing == 2 * MISSING:
        return energy[0], energy[1], 0, None, None, None, status | MISSING
    if missing:
        sampled = second if first[6] & MISSING else first
        return energy[0], energy[1], sampled[2], sampled[3], sampled[4], sampled[5], status | PARTIAL
    power = (first[2] + second[2]) // 2
    return energy[0], energy[1], power, _mean(first[3], second[3]), _mean(first[4], second[4]), second[5], status


def _mean(first: "int | None", second: "int | None") -> "int | None":
    if first is None or second is None:
        return first if second is None else second
    return (first + second) // 2
