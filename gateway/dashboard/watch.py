"""What one look at the centre cannot tell: since when a meter owes, who is silent, and how power moved. No I/O.

All pages share one Watch, so that opening another page does not cost the core another look.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.view import MeterView, View

HISTORY_S = 300
"""How far back the picture of power reaches."""
SAMPLE_S = 2
PATIENCE = 3
"""Intervals for which a meter may owe before somebody should go and look."""
_SILENT_AFTER_S = 15
"""The shortest silence that counts: meters speak five times an interval, though not more than once a second."""
FEEDER = "feeder"


@dataclass(frozen=True)
class Power:
    """The island's power at ``time`` in W, summed over the meters heard."""

    time: int
    given: int
    taken: int
    feeder: int | None
    """Positive while energy comes in; None without a feeder meter that is heard."""


class Watch:
    """The newest view and what is remembered of those before. ``site`` and ``now`` are of the newest."""

    def __init__(self, first: View) -> None:
        self.powers: deque[Power] = deque(maxlen=HISTORY_S // SAMPLE_S)
        self._owing_since: dict[str, int] = {}
        self.look(first)

    def look(self, view: View) -> None:
        """Take in the newest view; to be called about once a second."""
        self.view = view
        owing = {meter.meter for meter in view.meters if meter.debt > 0}
        self._owing_since = {name: self._owing_since.get(name, view.time) for name in owing}
        power = self.power()
        if not self.powers or view.time - self.powers[-1].time >= SAMPLE_S:
            self.powers.append(power)

    def owing_for(self, meter: MeterView) -> int:
        """Seconds for which the meter has owed at every look; 0 if it owes nothing."""
        return self.view.time - self._owing_since.get(meter.meter, self.view.time)

    def is_late(self, meter: MeterView) -> bool:
        """Whether the meter has owed for longer than delivery ever takes."""
        return self.owing_for(meter) > PATIENCE * self.view.interval_s

    def is_silent(self, meter: MeterView) -> bool:
        """Whether the meter said goodbye, missed all its messages of one interval, or was never heard."""
        if meter.state_time is None or not meter.online:
            return True
        return self.view.time - meter.state_time > max(_SILENT_AFTER_S, self.view.interval_s)

    def power(self) -> Power:
        """The island's power now. A silent meter's last word is no news: it does not count."""
        heard = [meter for meter in self.view.meters if not self.is_silent(meter)]
        units = [meter.power_w or 0 for meter in heard if meter.role != FEEDER]
        feeders = _known(meter.power_w for meter in heard if meter.role == FEEDER)
        given, taken = -sum(w for w in units if w < 0), sum(w for w in units if w > 0)
        return Power(self.view.time, given, taken, sum(feeders) if feeders else None)


def _known(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None]
