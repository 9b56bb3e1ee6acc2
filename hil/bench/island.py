"""The running island: one rig, one gateway with its broker, one process a meter."""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from blockchain_iface.ledger import LedgerError
from blockchain_iface.state.state import Refused
from gateway.site import SiteError

from ..targets.target import Target
from ..targets.unix import Unix
from . import faketime, journal
from .audit import Flash
from .commissioning import Layout, commission, found
from .journal import Tail
from .processes import ROOT, Child, Failed, run, stop, wait_for

_READY_S = 60.0
_OPENING_S = 30.0
_METERS_S, _CENTRE_S = 5.0, 10.0
_POLL_S = 0.1
_SEQ = re.compile(rb"(?:certificate|seq) (\d+)")

ERRORS = (Failed, SiteError, LedgerError, Refused, OSError)
"""What can end a run without being a defect of the bench; each says in a sentence what to do."""
Say = Callable[[str, str], None]
"""say(who, what): a step for people."""


class Meter(Child):
    """A meter's process, and how many certificates it says that it has issued."""

    def __init__(self, name: str, layout: Layout, target: Target) -> None:
        told = layout.clock(name)
        environment = faketime.environment(told) if told.exists() else None
        super().__init__(name, target.run(layout.config(name)), layout.log(name), ROOT, environment)
        self._issued = 0
        self._tail = Tail(self.log)

    @property
    def issued(self) -> int:
        """The highest sequence number in its log. For the screen; the reckoning asks its flash."""
        self._issued = max([self._issued, *map(int, _SEQ.findall(self._tail.news()))])
        return self._issued


class Island:
    """All processes of one run. Leaving its context stops them, whatever happened."""

    def __init__(
        self,
        layout: Layout,
        meters: int,
        seed: int,
        interval_s: int,
        scenario: Path | None = None,
        target: Target | None = None,
    ) -> None:
        """`scenario`: whose faults of wires and network the rig keeps. `target`: MicroPython on this machine unless another."""
        self.layout = layout
        self.target: Target = target or Unix()
        self.interval_s = interval_s
        self.meters: dict[str, Meter] = {}
        self._scenario = scenario
        python = sys.executable
        options = ["--meters", str(meters), "--seed", str(seed), "--dir", str(layout.rig)]
        self.rig = Child("rig", [python, "-m", "hil", "serve", *options], layout.log("rig"), ROOT)
        gateway = [python, "-m", "gateway", "run", str(layout.site.root)]
        self.gateway = Child("gateway", gateway, layout.log("gateway"), ROOT)

    def __enter__(self) -> "Island":
        return self

    def __exit__(self, *_: object) -> None:
        impatient = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.stop()
        signal.signal(signal.SIGINT, impatient)

    def start(self, say: Say, clocks: Mapping[str, str] = MappingProxyType({})) -> None:
        """Commission and start everything, up to the moment when the plant moves. Failed says what went wrong.

        ``clocks``: of the meters whose clock nothing keeps right, what libfaketime is told at first.
        """
        layout = self.layout
        layout.create()
        say("site", f"a key for the shadow centre, {self.interval_s} s intervals, tokens for grid and subsidy fund")
        found(layout, self.interval_s)
        say("rig", "simulates the units behind Modbus TCP and RTU")
        self.rig.start(*self._disturbed())
        announced = layout.rig / "rig.json"
        wait_for(announced, self.rig, _READY_S)
        units = json.loads(announced.read_text())["units"]
        say("gateway", "broker, ledger and dashboard")
        self.gateway.start()
        say("meters", f"{len(units)} pairs of keys made on the meters, enrolled, accounts recharged")
        for unit in units:
            if unit["meter"] in clocks:
                layout.clock(unit["meter"]).write_text(clocks[unit["meter"]])
            commission(layout, unit, self.interval_s, self.target)
        say("meters", "read their opening registers")
        for unit in units:
            self.meters[unit["meter"]] = Meter(unit["meter"], layout, self.target)
            self.meters[unit["meter"]].start()
        self._wait(lambda: self.gateway_word() is not None, _READY_S, self.gateway)
        self._wait(lambda: self.phase() != "waiting", _OPENING_S + 2 * len(units), self.rig)

    def _disturbed(self) -> list[str]:
        if self._scenario is None:
            return []
        return ["--scenario", str(self._scenario), "--broker", str(self.layout.site.settings().broker.port)]

    def _wait(self, done: Callable[[], bool], patience_s: float, child: Child) -> None:
        deadline = time.monotonic() + patience_s
        while not done():
            self.check()
            if time.monotonic() > deadline:
                raise Failed(f"{child.name} was not ready within {patience_s:.0f} s. Read {child.log}")
            time.sleep(_POLL_S)

    def check(self) -> None:
        """Failed if a process has ended that nobody has cut off."""
        for child in (self.rig, self.gateway, *self.meters.values()):
            child.check()

    def gateway_word(self) -> dict[str, Any] | None:
        """gateway.json if the running gateway wrote it: it is ready, and has a broker."""
        with suppress(FileNotFoundError):
            word = dict(json.loads(self.layout.site.running.read_text()))
            if word["pid"] == self.gateway.pid:
                return word
        return None

    @property
    def dashboard(self) -> str:
        """Where the dashboard answers."""
        word = self.gateway_word()
        return str(word["dashboard"]) if word else "not there at the moment"

    def cut_broker(self) -> bool:
        """Kill the gateway's broker; False if it has none at the moment."""
        word = self.gateway_word()
        broker = word["broker"]["pid"] if word else None
        if broker is None or _parent(broker) != self.gateway.pid:
            return False
        os.kill(broker, signal.SIGKILL)
        return True

    def phase(self) -> str:
        """Whether the plant is waiting, running or held."""
        return str(journal.last(self.layout.journal).get("phase", "waiting"))

    def hold(self) -> float:
        """Bring all power to zero for good; when it was, in Unix seconds."""
        self.rig.send(signal.SIGUSR1)
        self._wait(lambda: self.phase() == "held", _READY_S, self.rig)
        return time.time()

    def stop(self) -> None:
        """Stop everything, in the order in which energy flows backwards: nothing is cut off from what it needs."""
        stop(self.meters.values(), _METERS_S)
        stop([self.gateway], _CENTRE_S)
        stop([self.rig], _CENTRE_S)

    def flashes(self) -> dict[str, Flash]:
        """Each stopped meter's own word. Failed if a flash cannot be read."""
        return {meter: self._flash(meter) for meter in self.meters}

    def _flash(self, meter: str) -> Flash:
        command = self.target.read_flash(self.layout.flash(meter))
        word = json.loads(run(f"the flash of {meter} cannot be read", command, ROOT, _READY_S))
        return Flash(word["last_seq"], tuple(word["pending"]), word["corrupt"])

    def gateway_key(self) -> bytes:
        """The key by which the meters know the gateway."""
        return bytes.fromhex(json.loads(self.layout.config(next(iter(self.meters))).read_text())["gateway_key"])


def _parent(pid: int) -> int | None:
    """Process id of the parent of ``pid``; None if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # the second field is the program's name, which may hold anything
    return int(stat.rpartition(")")[2].split()[1])
