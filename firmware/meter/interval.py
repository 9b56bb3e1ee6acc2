"""Samples in, intervals out: what a certificate says about a stretch of time. No I/O; time is an argument.

    time ->   |  row  |  row  |  row  |  row  |      intervals begin at multiples of interval_s, Unix time
                                      ^ end: the next interval begins here, with or without a meter to see it

A stretch without any reading is closed by nobody. The next reading opens a *catch-up* interval that runs from the last
end to the end of the interval that the reading falls in: one row, its energy the difference of the device's registers.
Thus energy and time have no holes, whatever happened in between: power cut, dead device, full flash, a clock set forward.
A clock that was set back is waited for: an interval that overlaps one already certified would count its energy twice.
"""

from ..wire.certificate import BUS_ERROR, CATCH_UP, PARTIAL
from ..wire.clock import EARLIEST_S
from .energy import Energy
from .reading import Reading
from .row import Row


class Interval:
    """A closed interval: ``t0`` Unix seconds, ``dt`` seconds a row, ``opening`` and ``closing`` (import, export) Wh."""

    __slots__ = ("closing", "dt", "opening", "rows", "t0")

    def __init__(
        self,
        t0: int,
        dt: int,
        opening: "tuple[int, int]",
        rows: "list[tuple[int, int, int, int | None, int | None, int | None, int]]",
        closing: "tuple[int, int]",
    ) -> None:
        self.t0 = t0
        self.dt = dt
        self.opening = opening
        self.rows = rows
        self.closing = closing

    @property
    def end(self) -> int:
        """Unix seconds at which the last row ends."""
        return self.t0 + self.dt * len(self.rows)

    @property
    def status(self) -> int:
        """The union of the rows' status bits."""
        union = 0
        for row in self.rows:
            union |= row[6]
        return union


class _Span:
    """The interval that is filling."""

    def __init__(self, t0: int, dt: int, count: int, opening: "tuple[int, int]") -> None:
        self.t0 = t0
        self.dt = dt
        self.end = t0 + dt * count
        self.opening = opening
        self._count = count
        self.rows = [Row()]

    def row(self, at: int) -> Row:
        """The row of Unix second ``at``; never one before the newest, for a clock may have been set back a little."""
        while len(self.rows) - 1 < min((at - self.t0) // self.dt, self._count - 1):
            self.rows.append(Row())
        return self.rows[-1]

    def close(self, closing: "tuple[int, int]") -> Interval:
        self.row(self.end)
        return Interval(self.t0, self.dt, self.opening, [row.close() for row in self.rows], closing)


class Intervals:
    """Cuts one metering point's readings into intervals.

    Attributes:
        start: Unix seconds at which the first interval not yet closed begins; None before the first reading ever.
        energy: the certified registers; None before the first reading ever.
    """

    def __init__(self, interval_s: int, rows: int) -> None:
        """``interval_s``: seconds, a multiple of ``rows``."""
        self.start: int | None = None
        self.energy: Energy | None = None
        self._interval_s = interval_s
        self._rows = rows
        self._span: _Span | None = None
        self._fresh = True  # no sample yet in this run
        self._first = True  # no sample yet in the life of this meter
        self._late = False  # the row before this span has not counted its share
        self._failed = False  # polls failed in a stretch that nobody closed

    def resume(self, end: int, registers: "tuple[int, int]", offset: "tuple[int, int]", late: bool) -> None:
        """Go on from what is certified already.

        Args:
            end: Unix seconds at which the last certified row ends.
            registers: certified, Wh; with ``offset`` see Energy.
            late: that row counted no energy.
        """
        self.start = end
        self.energy = Energy(registers, offset, end)
        self._span = None
        self._first = False
        self._late = late

    def tick(self, wall_ms: int) -> "Interval | None":
        """The interval whose end has passed at ``wall_ms`` (Unix milliseconds), once, if it holds a reading."""
        span, energy = self._span, self.energy
        if span is None or energy is None or wall_ms < 1000 * span.end:
            return None
        self._span = None
        if not any(row.sampled for row in span.rows):
            self._failed = True
            return None
        closed = span.close(energy.registers)
        self.start = span.end
        self._late = not span.rows[-1].counted
        return closed

    def add(self, wall_ms: int, reading: Reading) -> None:
        """Add a reading taken at ``wall_ms``, after ``tick`` of the same moment."""
        at = wall_ms // 1000
        if self.start is None and at >= EARLIEST_S and reading.registers:
            self.start = at - at % self._interval_s
            self.energy = Energy(reading.registers, (0, 0), at)
        span = self._open(at)
        if span is None or self.energy is None:
            return
        row = span.row(at)
        if self._fresh and wall_ms > 1000 * (span.t0 + span.dt * (len(span.rows) - 1)):
            row.status |= PARTIAL
        row.sample(reading)
        if reading.registers:
            step, status = self.energy.count(reading.registers, at, reading.wraps)
            row.status |= status
            if step:
                row.count(step, self._is_late(span))
        self._fresh = False

    def fail(self, wall_ms: int) -> None:
        """Note that a poll failed at ``wall_ms``."""
        at = wall_ms // 1000
        span = self._open(at)
        if span is not None:
            span.row(at).status |= BUS_ERROR

    def _open(self, at: int) -> "_Span | None":
        """The span that covers ``at``, None if there can be none: before the first reading, or the clock was set back."""
        if self._span is None and self.start is not None and self.energy is not None and at >= self.start:
            self._span = self._span_of(self.start, at, self.energy.registers)
            if self._failed:
                self._span.rows[0].status |= BUS_ERROR
                self._failed = False
        return self._span if self._span is not None and at >= self._span.t0 else None

    def _span_of(self, start: int, at: int, opening: "tuple[int, int]") -> _Span:
        aligned = at - at % self._interval_s
        if aligned == start:
            return _Span(start, self._interval_s // self._rows, self._rows, opening)
        span = _Span(start, aligned + self._interval_s - start, 1, opening)
        span.rows[0].status |= CATCH_UP
        return span

    def _is_late(self, span: _Span) -> bool:
        if self._first:
            self._first = False
            return False
        return self._late if len(span.rows) == 1 else not span.rows[-2].counted
