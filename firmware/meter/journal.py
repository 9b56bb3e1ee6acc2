"""What happens to a meter, and when: the time as the meter knows it, events for the ledger, lines for people."""

import time

from ..wire import event
from ..wire.clock import HOST, UNSET
from .log_ring import LogRing
from .timekeeper import Timekeeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Clock
    from .events import Events
    from .timekeeper import Moment

_GLANCE_MS = 50  # reading two clocks one after the other takes no longer, unless something came between


class Journal:
    """One meter's.

    Attributes:
        events: those that ``record`` notes; somebody else signs and keeps them.
        ring: the newest lines.
    """

    def __init__(self, clock: "Clock", events: "Events") -> None:
        self.events = events
        self.ring = LogRing()
        self._clock = clock
        self._time = Timekeeper()
        self._undated = False  # what has happened until now has no date

    def begin(self, reason: str, safe: bool) -> None:
        """Note the start, why the meter has started, and whether in safe mode."""
        now = self.now()
        self._undated = now.time_ms is None
        self.events.record(now, event.BOOT, {1: reason, 2: int(safe)})

    def record(self, kind: int, details: "dict[int, object]") -> None:
        """Note an event of now; ``kind`` and ``details`` as in wire.event."""
        self.events.record(self.now(), kind, details)

    def log(self, text: str) -> None:
        """Print a line, and keep it for a while."""
        now = self._time.now(self._clock.ticks_ms())
        if now.time_ms is None:
            line = f"+{now.uptime_ms // 1000} s {text}"
        else:
            year, month, day, hour, minute, second = time.gmtime(now.time_ms // 1000)[:6]
            line = f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z {text}"
        self.ring.add(line)
        print(line)

    def now(self) -> "Moment":
        """The moment, after a look at the board's own clock."""
        ticks, quality = self._clock.ticks_ms(), self._clock.quality()
        # a clock that only survived a restart is better than none, and than nothing else
        if quality == HOST or (quality != UNSET and self._time.source == UNSET):
            wall, late = self._clock.wall_ms(), self._clock.ticks_ms() - ticks
            if late <= _GLANCE_MS:
                self.set_time(quality, wall, self._clock.uncertainty_ms() + late, ticks)
        return self._time.now(ticks)

    def learn_time(self, source: int, time_ms: int, uncertainty_ms: int, ticks_ms: int) -> None:
        """As ``set_time``, from outside: the board's own clock shall know it, too."""
        self.set_time(source, time_ms, uncertainty_ms, ticks_ms)
        now = self.now()
        assert now.time_ms is not None
        self._clock.set(now.time_ms)

    def set_time(self, source: int, time_ms: int, uncertainty_ms: int, ticks_ms: int) -> None:
        """Take a measurement of the time at ``ticks_ms``, and make events of what it changes."""
        step = self._time.take(source, time_ms, uncertainty_ms, ticks_ms)
        now = self._time.now(ticks_ms)
        if step is not None:
            self.log(f"clock stepped by {step[1] - step[0]} ms")
            self.events.record(now, event.CLOCK_STEP, {1: step[0], 2: step[1]})
        if self._undated and now.time_ms is not None:
            self._undated = False
            self.events.record(now, event.ANCHOR, {1: ticks_ms, 2: now.time_ms})
