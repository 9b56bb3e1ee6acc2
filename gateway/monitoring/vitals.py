"""The gateway's vital signs: its worker tells them as it goes, whoever asks gets them as figures, from any thread."""

import time
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import Histogram

from ..adapters import machine
from ..core.health import STEP_S, Figures
from ..core.view import View
from ..systemd import notify

_TELL_S = 0.25
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LEAP_S = 86_400


class Vitals:
    """What is known of the gateway that runs in ``root``. Moments are those of time.monotonic().

    Attributes:
        latency: of statements, from their arrival to their receipt, or to their refusal.
        settlements: made since the start, revisions too.
        steps: of the computer's clock since the start.
        queues: how many messages wait, by queue.
        standby_age_s: since the standby's papers were complete, None without a standby.
        unheard: meters that a restored site waits for.
    """

    def __init__(self, root: Path) -> None:
        self.latency = Histogram(
            "skerry_answer_latency_seconds",
            "From a statement's arrival at the gateway to its receipt, or to its refusal.",
            registry=None,
            buckets=_BUCKETS,
        )
        self.settlements = self.steps = 0
        self.queues: dict[str, int] = {}
        self.standby_age_s: float | None = None
        self.unheard = 0
        self._root = root
        self._beat = time.monotonic()
        self._told = 0.0
        self._held: float | None = None
        self._awaiting: float | None = None
        self._down: float | None = self._beat
        self._offset = self._first = time.time() - self._beat
        self._step: tuple[float, float] | None = None

    def beat(self) -> None:
        """The worker came round."""
        self._beat = time.monotonic()
        if self._beat >= self._told + _TELL_S:
            self._told = self._beat
            notify.tell(notify.ALIVE)
        offset = time.time() - self._beat
        if abs(offset - self._offset) > STEP_S:
            self._step = offset - self._offset, self._beat
            self.steps += 1
        self._offset = offset

    @property
    def has_leapt(self) -> bool:
        """Whether the clock is more than a day off from where it began, and nothing keeps it right: one of the two is wrong."""
        return abs(self._offset - self._first) > _LEAP_S and machine.clock_error_s() in (None, float("inf"))

    def hold(self, since: float | None) -> None:
        """The oldest statement without its block came at ``since``; None: there is none."""
        self._held = since

    def awaits(self, count: int) -> None:
        """So many statements that the ledger has accepted are not final yet."""
        self._awaiting = None if not count else self._awaiting or time.monotonic()

    def answered(self, arrivals: Iterable[float]) -> None:
        """Statements that arrived at these moments have their answers now."""
        now = time.monotonic()
        for arrived in arrivals:
            self.latency.observe(now - arrived)

    def linked(self, connected: bool) -> None:
        """Whether the broker has us."""
        self._down = None if connected else self._down or time.monotonic()

    @property
    def connected(self) -> bool:
        """Whether the broker had us when it was last looked."""
        return self._down is None

    def figures(self, view: View) -> Figures:
        """How things are at this moment; ``view`` is the newest picture."""
        now, error = time.monotonic(), machine.clock_error_s()
        return Figures(
            head_age_s=max(0, int(time.time()) - view.blocks[0].time) if view.blocks else None,
            waiting_s=max(_age(self._held, now) or 0.0, _age(self._awaiting, now) or 0.0),
            link_down_s=_age(self._down, now) or 0.0,
            beat_age_s=now - self._beat,
            disk_free=machine.disk_free(self._root),
            clock_synchronised=None if error is None else error != float("inf"),
            step_s=self._step[0] if self._step else 0.0,
            step_age_s=_age(self._step[1], now) if self._step else None,
            standby_age_s=self.standby_age_s,
            unheard=self.unheard,
        )


def _age(moment: float | None, now: float) -> float | None:
    return None if moment is None else now - moment
