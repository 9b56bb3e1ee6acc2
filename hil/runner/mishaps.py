"""The faults that the runner keeps: power, clocks, adversaries."""

from collections.abc import Callable, Sequence

from ..bench.adversaries import Adversaries
from ..bench.island import Island
from ..bench.outages import Outages
from ..faults.adversary import Clone, Flood, Fork
from ..faults.clock import RIGHT, Drift, Jump, Unset
from ..faults.fault import Fault
from ..faults.power import PowerCut
from ..faults.schedule import Change, Schedule

_CLOCK = (Jump, Drift, Unset)

Tell = Callable[[Change[Fault]], None]


def clocks(faults: Sequence[Fault], meters: Sequence[str]) -> dict[str, str]:
    """Of each meter whose clock fails at some time: what libfaketime is told before it starts."""
    told: dict[str, str] = {}
    for fault in faults:
        if isinstance(fault, _CLOCK):
            for meter in meters:
                if fault.hits(meter):
                    told[meter] = fault.told if fault.at_s == 0 else told.get(meter, RIGHT)
    return told


class Mishaps:
    """Keeps faults on a running island. `run_s` is everywhere seconds of running.

    Attributes:
        outages: who is without power.
    """

    def __init__(self, island: Island, faults: Sequence[Fault], tell: Tell) -> None:
        """`tell` hears of each fault that begins or ends."""
        self._island = island
        self._tell = tell
        self._schedule = Schedule(faults)
        self._adversaries = Adversaries(island)
        cuts = [cut for fault in faults if isinstance(fault, PowerCut) for cut in fault.cuts(island.meters)]
        self.outages = Outages(island, sorted(cuts))

    def tick(self, run_s: float) -> None:
        """Do what is due."""
        self.outages.tick(run_s)
        for change in self._schedule.tick(run_s):
            self._change(change)

    def end(self, run_s: float) -> None:
        """Everything is in order again, for good."""
        self.outages.end(run_s)
        for change in self._schedule.end():
            self._change(change)

    def _change(self, change: Change[Fault]) -> None:
        fault = change.fault
        if isinstance(fault, _CLOCK):
            told = fault.told if change.begins else RIGHT
            for meter in self._island.meters:
                if fault.hits(meter):
                    self._island.layout.clock(meter).write_text(told)
        elif isinstance(fault, Clone | Flood | Fork):
            (self._adversaries.begin if change.begins else self._adversaries.end)(fault)
        self._tell(change)
