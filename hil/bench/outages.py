"""Keeping a plan of power cuts on a running island, and the record of who was dead for how long."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ..faults.power import BROKER, GATEWAY, Cut
from .island import Island
from .processes import Child


@dataclass(frozen=True, slots=True)
class Outage:
    """What became of a cut: ``at_s`` seconds of running, dead for ``down_s`` seconds (None: started again by the gateway)."""

    at_s: float
    victim: str
    down_s: float | None


class Outages:
    """Cuts victims off and brings them back. ``now_s`` is everywhere seconds of running."""

    def __init__(self, island: Island, cuts: Sequence[Cut]) -> None:
        self._island = island
        self._cuts = list(cuts)
        self._dead: dict[str, tuple[float, float]] = {}
        self.record: list[Outage] = []
        self.dead_s: defaultdict[str, float] = defaultdict(float)

    def tick(self, now_s: float) -> list[str]:
        """Do what is due; who lost power just now. A victim that is not up yet is left for later."""
        for victim in [victim for victim, (_, back) in self._dead.items() if back <= now_s]:
            self._restore(victim, now_s)
        due = [cut for cut in self._cuts if cut.at_s <= now_s]
        hit = [cut for cut in due if self._cut(cut, now_s)]
        self._cuts = [cut for cut in self._cuts if cut not in hit]
        return [cut.victim for cut in hit]

    def end(self, now_s: float) -> None:
        """Power is back for good."""
        self._cuts.clear()
        for victim in list(self._dead):
            self._restore(victim, now_s)

    def _cut(self, cut: Cut, now_s: float) -> bool:
        if cut.victim == BROKER:
            if self._island.cut_broker():
                self.record.append(Outage(round(now_s, 3), BROKER, None))
                return True
            return False
        if cut.victim == GATEWAY and self._island.gateway_word() is None:
            return False
        child = self._child(cut.victim)
        if child.pid is None:
            return False
        child.kill()
        self._dead[cut.victim] = now_s, now_s + cut.down_s
        return True

    def _restore(self, victim: str, now_s: float) -> None:
        since, _ = self._dead.pop(victim)
        self._child(victim).start()
        down = round(now_s - since, 3)
        self.record.append(Outage(round(since, 3), victim, down))
        if victim != GATEWAY:
            self.dead_s[victim] += down

    def _child(self, victim: str) -> Child:
        return self._island.gateway if victim == GATEWAY else self._island.meters[victim]
