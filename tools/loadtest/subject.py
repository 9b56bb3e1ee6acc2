"""The gateway under test: a process of its own, with its broker, and what both of them use."""

import json
import os
import sys
import time
from pathlib import Path
from typing import NamedTuple

from gateway.site import Site
from hil.bench.processes import Child, Failed, stop, wait_for

ROOT = Path(__file__).parents[2]
_READY_S = 60.0
_STOP_S = 30.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Seconds of processor time."""

    gateway: float
    broker: float
    generator: float

    def since(self, before: "Cost") -> "Cost":
        """What was used from ``before`` on."""
        return Cost(*(now - then for now, then in zip(self, before, strict=True)))


class Subject:
    """The running gateway of a site, as `skerry gateway run` runs it."""

    def __init__(self, site: Site) -> None:
        """Start it. Failed if it does not come up."""
        self._child = Child(
            "gateway", [sys.executable, "-m", "tools.cli", "gateway", "run", str(site.root)], site.root / "log", ROOT
        )
        self._child.start()
        try:
            wait_for(site.running, self._child, _READY_S)
            document = json.loads(site.running.read_text())
            self.host, self.port = document["broker"]["host"], document["broker"]["port"]
            self.kind = document["broker"]["kind"]
            self._gateway, self._broker = document["pid"], document["broker"]["pid"]
        except BaseException:
            self.stop()
            raise

    def cost(self) -> Cost:
        """What all have used up to now. Failed if the gateway has ended."""
        self._child.check()
        return Cost(_used(self._gateway), _used(self._broker), time.process_time())

    def memory_mb(self) -> tuple[float, float]:
        """Resident memory of gateway and broker, in MB."""
        return _resident(self._gateway), _resident(self._broker)

    def stop(self) -> None:
        """End it, and its broker with it."""
        stop([self._child], _STOP_S)


def _used(pid: int) -> float:
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> float:
    return int(_read(pid, "statm").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        raise Failed(f"process {pid} has ended during the test") from None
