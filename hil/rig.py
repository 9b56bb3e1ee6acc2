"""The rig's course of events: waiting, running, held. No I/O; the caller brings the time."""

from enum import StrEnum
from math import inf
from typing import Any

from .plant.island import Island

PATIENCE_S, PATIENCE_A_METER_S = 20.0, 1.0
"""How long the registers stand still for devices that nobody reads: a hundred meters take longer to start than ten."""


class Phase(StrEnum):
    """Waiting: registers still until read. Running: the plant moves. Held: power zero, registers still, for good."""

    WAITING = "waiting"
    RUNNING = "running"
    HELD = "held"


class Rig:
    """Moves the island through its phases.

    Args:
        island: the plant, at rest.
        duration_s: seconds of running after which the rig holds itself; None: it waits to be told.

    `now` is everywhere the same monotonic clock in seconds.
    """

    def __init__(self, island: Island, duration_s: float | None) -> None:
        self.phase = Phase.WAITING
        self.run_s = 0.0
        self._island = island
        self._duration_s = inf if duration_s is None else duration_s
        self._started = self._last = 0.0
        self._unread = {unit.meter for unit in island.units}
        self._patience_s = PATIENCE_S + PATIENCE_A_METER_S * len(self._unread)

    def start(self, now: float) -> None:
        """The devices answer: begin to wait for their readers."""
        self._started = self._last = now

    def energy_read(self, meter: str) -> None:
        """The billing device of this meter was asked for an energy register."""
        self._unread.discard(meter)

    def tick(self, now: float) -> None:
        """Let time pass until `now`: step the plant if it runs, and move on to the next phase when it is due."""
        passed, self._last = now - self._last, now
        if self.phase is Phase.WAITING and (not self._unread or now - self._started >= self._patience_s):
            self.phase = Phase.RUNNING
        elif self.phase is Phase.RUNNING:
            self._run(min(passed, self._duration_s - self.run_s))
            if self.run_s >= self._duration_s:
                self._rest()

    def hold(self, now: float) -> None:
        """Count the energy until `now`, then bring all power to zero for good."""
        self.tick(now)
        self._rest()

    def record(self, t: float) -> dict[str, Any]:
        """One line of plant.jsonl: `t` is UNIX time in seconds, `run_s` the seconds of running so far.

        `feeder_w` is the sum of `w` over all units but the feeder, plus `losses_w` and `stolen_w`.
        """
        readings = {unit.meter: self._island.reading(unit.meter) for unit in self._island.units}
        return {
            "t": round(t, 3),
            "phase": self.phase,
            "run_s": round(self.run_s, 3),
            "feeder_w": self._island.feeder_w,
            "losses_w": self._island.losses_w,
            "stolen_w": self._island.stolen_w,
            "units": {
                meter: {"w": reading.w, "import_wh": reading.import_wh, "export_wh": reading.export_wh}
                for meter, reading in readings.items()
            },
        }

    def _run(self, dt: float) -> None:
        if dt > 0:
            self._island.step(dt)
            self.run_s += dt

    def _rest(self) -> None:
        self._island.rest()
        self.phase = Phase.HELD
