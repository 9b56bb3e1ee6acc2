"""The scenario's faults of the rig's own wires, kept on the running island, and the log of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from .faults.bus import BusFault
from .faults.schedule import Change, Schedule
from .links.interference import Interference
from .scenario import AnyFault

LOG = "faults.jsonl"


class Disturbances:
    """Begins and ends faults when they are due, and appends a line for each to `faults.jsonl`.

    Attributes:
        interference: what becomes of the answers on the buses.
    """

    def __init__(self, faults: Sequence[AnyFault], seed: int, directory: Path) -> None:
        """`directory` exists."""
        self.interference = Interference(seed)
        self._schedule = Schedule(faults)
        self._log = directory / LOG

    def tick(self, run_s: float) -> None:
        """The plant has run for `run_s` seconds."""
        self._keep(self._schedule.tick(run_s), run_s)

    def end(self, run_s: float) -> None:
        """The plant is held: nothing is wrong any more."""
        self._keep(self._schedule.end(), run_s)

    def _keep(self, changes: Sequence[Change[AnyFault]], run_s: float) -> None:
        if not changes:
            return
        self.interference.active = self._schedule.active
        with self._log.open("a", encoding="utf-8") as log:
            for change in changes:
                log.write(json.dumps(self._line(change, run_s)) + "\n")

    def _line(self, change: Change[BusFault], run_s: float) -> dict[str, object]:
        line: dict[str, object] = {"t": round(run_s, 3), "what": "fault begins" if change.begins else "fault ends"}
        line["fault"] = change.fault.model_dump(mode="json")
        if not change.begins:
            line["hits"] = self.interference.hits[change.fault]
        return line
