"""The scenario's faults of the rig's own wires and proxies, kept on the running island, and the log of them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from .faults.bus import BusFault
from .faults.fault import Fault, WireFault
from .faults.schedule import Change, Schedule
from .links.interference import Interference
from .links.proxy import Proxy

LOG = "faults.jsonl"


class Disturbances:
    """Begins and ends faults when they are due, and appends a line for each to `faults.jsonl`.

    Attributes:
        interference: what becomes of the answers on the buses.
        proxies: what stands between a meter and its broker, by meter.
    """

    def __init__(self, faults: Sequence[WireFault], seed: int, directory: Path) -> None:
        """`directory` exists."""
        self.interference = Interference(seed)
        self.proxies: Mapping[str, Proxy] = {}
        self._seed = seed
        self._schedule: Schedule[Fault] = Schedule(faults)
        self._log = directory / LOG

    async def open(self, meters: Sequence[str], broker: int) -> None:
        """A proxy for each meter, to the broker's port. OSError if the host has no free port."""
        chances = {meter: Random(f"{self._seed} {meter} network") for meter in meters}  # noqa: S311 - to be repeated
        self.proxies = {meter: Proxy(broker, chance) for meter, chance in chances.items()}
        for proxy in self.proxies.values():
            await proxy.open()

    async def close(self) -> None:
        """Drop all connections."""
        for proxy in self.proxies.values():
            await proxy.close()

    def tick(self, run_s: float) -> None:
        """The plant has run for `run_s` seconds."""
        self._keep(self._schedule.tick(run_s), run_s)

    def end(self, run_s: float) -> None:
        """The plant is held: nothing is wrong any more."""
        self._keep(self._schedule.end(), run_s)

    def _keep(self, changes: Sequence[Change[Fault]], run_s: float) -> None:
        if not changes:
            return
        active = self._schedule.active
        self.interference.active = tuple(fault for fault in active if isinstance(fault, BusFault))
        network = [fault for fault in active if not isinstance(fault, BusFault)]
        for meter, proxy in self.proxies.items():
            proxy.set_faults([fault for fault in network if fault.hits(meter)])
        with self._log.open("a", encoding="utf-8") as log:
            for change in changes:
                log.write(json.dumps(self._line(change, run_s)) + "\n")

    def _line(self, change: Change[Fault], run_s: float) -> dict[str, object]:
        line: dict[str, object] = {"t": round(run_s, 3), "what": "fault begins" if change.begins else "fault ends"}
        line["fault"] = change.fault.model_dump(mode="json")
        if not change.begins:
            line["hits"] = self._hits(change.fault)
        return line

    def _hits(self, fault: Fault) -> int:
        if isinstance(fault, BusFault):
            return self.interference.hits[fault]
        return sum(proxy.hits[fault] for proxy in self.proxies.values())
