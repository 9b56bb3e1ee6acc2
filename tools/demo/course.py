"""The course of a demo: start, run, hold the plant, wait for the last receipts and settlements, stop, reckon."""

import time
from pathlib import Path

from hil.bench.audit import reckon
from hil.bench.commissioning import FEEDER, Layout
from hil.bench.follower import Follower
from hil.bench.island import Island
from hil.bench.outages import Outages
from hil.bench.rest import come_to_rest, debt
from hil.faults.power import Cut

from .outcome import Outcome, Wishes
from .power_cut import plan
from .report import Report

_TICK_S = 0.1
_CUTS_BEGIN, _CUTS_END = 0.2, 0.9
"""Shares of the duration between which power is cut."""


def run(wishes: Wishes, directory: Path, report: Report) -> Outcome:
    """Run the island for ``wishes.duration_s`` seconds and reckon. Failed, with one sentence, if it cannot go on.

    KeyboardInterrupt passes through; everything that was started is stopped in any case.
    """
    started = time.monotonic()
    with Island(Layout(directory), wishes.meters, wishes.seed, wishes.interval_s) as island:
        island.start(report.step)
        return _Course(wishes, island, report, started).run()


class _Course:
    def __init__(self, wishes: Wishes, island: Island, report: Report, started: float) -> None:
        self._wishes = wishes
        self._island = island
        self._report = report
        self._started = started
        self._running = time.monotonic()
        self._follower = Follower(island.layout.site.ledger)
        self._first_settlement_s: float | None = None
        self._unexplained: dict[int, int] = {}
        self._outages = Outages(island, self._cuts())

    def _cuts(self) -> list[Cut]:
        wishes = self._wishes
        if not wishes.power_cut or wishes.duration_s is None:
            return []
        return plan(wishes.seed, _CUTS_BEGIN * wishes.duration_s, _CUTS_END * wishes.duration_s, sorted(self._island.meters))

    def run(self) -> Outcome:
        island, wishes = self._island, self._wishes
        # a household's bill is the one that people ask for; the smallest islands have none
        accounts = sorted(island.meters.keys() - {FEEDER}, key=lambda meter: (not meter.startswith("home"), meter))
        self._report.running(island.dashboard, accounts[0], island.layout.site.root)
        while wishes.duration_s is None or self._now() < wishes.duration_s:
            self._report.outages(self._outages.tick(self._now()))
            self._tick()
        self._outages.end(self._now())
        ran = self._now()
        self._report.step("plant", "held: the registers stand still for the last certificates and settlements")
        if not come_to_rest(island, self._follower, self._tick):
            self._report.step("plant", "not all was settled in time")
        self._report.step("island", "stops: meters, gateway, rig")
        island.stop()
        self._report.step("audit", "plant, flashes and ledger compared; every entry verified again")
        reckoning = reckon(
            island.layout.site.ledger, island.gateway_key(), island.layout.journal, island.flashes(), self._outages.dead_s
        )
        unexplained = sum(self._unexplained.values())
        return Outcome(
            wishes,
            reckoning,
            ran,
            self._first_settlement_s,
            unexplained,
            tuple(sorted(self._outages.record, key=lambda outage: outage.at_s)),
        )

    def _now(self) -> float:
        return time.monotonic() - self._running

    def _tick(self) -> None:
        self._island.check()
        # after an outage an interval may be settled several times at once: its newest line says it all
        for settled in {settled.t0: settled for settled in self._follower.news()}.values():
            if self._first_settlement_s is None:
                self._first_settlement_s = time.monotonic() - self._started
            if settled.unexplained_wh is not None:
                self._unexplained[settled.t0] = settled.unexplained_wh
            self._report.settled(settled, debt(self._island, self._follower))
        time.sleep(_TICK_S)
