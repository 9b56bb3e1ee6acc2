"""Turns what the rig and the ledger write into lines of a history."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..bench.audit import Reckoning
from ..bench.follower import Follower
from ..bench.island import Island
from ..bench.journal import Tail
from ..bench.rest import debt
from ..disturbances import LOG
from ..history import History


class Recorder:
    """Reads along. Call `look` often.

    Attributes:
        t: seconds of running of the newest line; 0 before the plant moves.
        run_s: how long the plant has run.
    """

    def __init__(self, island: Island, history: History) -> None:
        self.t = self.run_s = 0.0
        self.follower = Follower(island.layout.site.ledger)
        self._island = island
        self._history = history
        self._plant = Tail(island.layout.journal)
        self._faults = Tail(island.layout.rig / LOG)
        self._began: float | None = None
        self._unexplained: dict[int, int] = {}

    def look(self) -> None:
        """Write down what is new."""
        for settled in self.follower.news():
            if settled.unexplained_wh is not None:
                self._unexplained[settled.t0] = settled.unexplained_wh
            self._history.event(self.t, "settled", t0=settled.t0, revision=settled.revision, silent=settled.silent)
        for line in _lines(self._plant):
            self._sample(line)
        for line in _lines(self._faults):
            self._fault(line)

    def reckoned(self, reckoning: Reckoning) -> None:
        """Write down what came of it all."""
        totals = {
            name: getattr(reckoning, name) for name in ("lost", "double_counted", "debt", "balance_error", "unsettled_wh")
        }
        values = {f"reckoning.{name}": value for name, value in totals.items()}
        for meter in reckoning.meters:
            figures = {"plant_wh": meter.plant_wh, "certified_wh": meter.certified_wh, "settled_wh": meter.settled_wh}
            figures |= {"catch_up_s": meter.catch_up_s, "issued": meter.issued}
            values |= {f"{meter.meter}.{name}": value for name, value in figures.items() if value is not None}
        self._history.sample(self.t, values)
        self._history.event(self.t, "reckoning", faults=reckoning.faults())

    def _fault(self, line: dict[str, Any]) -> None:
        """A fault began or ended; how many answers it hit is a series, so that a verdict can ask for some."""
        t, what = line.pop("t"), line.pop("what")
        self._history.event(t, what, **line)
        if "hits" in line:
            fault = line["fault"]
            self._history.sample(t, {f"hits.{fault['on']} {fault['kind']}": line["hits"]})

    def _sample(self, line: Mapping[str, Any]) -> None:
        """A line of the plant's journal, with what the ledger says at that moment."""
        self.run_s = line["run_s"]
        if line["phase"] != "waiting" and self._began is None:
            self._began = line["t"] - line["run_s"]
        if self._began is None:
            return
        self.t = round(line["t"] - self._began, 3)
        values = {"losses.w": line["losses_w"], "stolen.w": line["stolen_w"], "unexplained.wh": sum(self._unexplained.values())}
        values |= {"sightings": self.follower.sightings, "debt": debt(self._island, self.follower)}
        for meter, unit in line["units"].items():
            values |= {f"{meter}.{name}": value for name, value in unit.items()}
            values[f"{meter}.certificates"] = self.follower.certificates(meter)
            values[f"{meter}.balance"] = self.follower.balance(meter)
        self._history.sample(self.t, values)


def _lines(tail: Tail) -> Iterator[dict[str, Any]]:
    for line in tail.news().splitlines():
        yield json.loads(line)
