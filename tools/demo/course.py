"""The course of a demo: start, run, hold the plant, wait for the last receipts and settlements, stop, reckon."""

import time
from pathlib import Path

from firmware.meter.outbox import FIRST_MS

from .audit import reckon
from .commissioning import FEEDER, Layout
from .follower import Follower
from .island import Island
from .outages import Outages
from .outcome import Outcome, Wishes
from .power_cut import Cut, plan
from .report import Report

_TICK_S = 0.1
_CUTS_BEGIN, _CUTS_END = 0.2, 0.9
"""Shares of the duration between which power is cut."""
_PATIENCE_INTERVALS, _PATIENCE_S = 12, 60
_QUIET_S = 1.0
_MARGIN_S = 0.3
_RESEND_S = FIRST_MS / 1000 * 1.25


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
        self._finish()
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

    def _debt(self) -> int:
        meters = self._island.meters
        return sum(max(0, meter.issued - self._follower.certificates(name)) for name, meter in meters.items())

    def _tick(self) -> None:
        self._island.check()
        # after an outage an interval may be settled several times at once: its newest line says it all
        for settled in {settled.t0: settled for settled in self._follower.news()}.values():
            if self._first_settlement_s is None:
                self._first_settlement_s = time.monotonic() - self._started
            if settled.unexplained_wh is not None:
                self._unexplained[settled.t0] = settled.unexplained_wh
            self._report.settled(settled, self._debt())
        time.sleep(_TICK_S)

    def _finish(self) -> None:
        """Hold the plant, so that the last certificates hold all energy, and wait until nothing is open any more."""
        length = self._wishes.interval_s
        self._report.step("plant", "held: the registers stand still for the last certificates and settlements")
        held = self._island.hold()
        until = int(held) - int(held) % length + 2 * length
        deadline = time.monotonic() + _PATIENCE_INTERVALS * length + _PATIENCE_S
        final_since = quiet_since = None
        while time.monotonic() < deadline:
            self._tick()
            now = time.monotonic()
            final_since = (final_since or now) if self._is_final(until) else None
            quiet_since = (quiet_since or now) if self._debt() == 0 else None
            if final_since is None or quiet_since is None:
                continue
            # a meter whose receipt was lost repeats its certificate within this time
            repeated = now - final_since >= _RESEND_S
            # stop them between two certificates
            into = time.time() % length
            if repeated and now - quiet_since >= _QUIET_S and _MARGIN_S < into < length - _MARGIN_S:
                return
        self._report.step("plant", "not all was settled in time")

    def _is_final(self, until: int) -> bool:
        certified = all(self._follower.certified_until(meter) >= until for meter in self._island.meters)
        return certified and self._follower.is_final(until)
