"""A week's backlog from 200 meters, paid off as the firmware does it, while each goes on certifying: what becomes of the new?

    python -m tools.robust.backlog [METERS [CERTIFICATES]]

A meter sends what is new at once, and of its debt one certificate every 250 ms, eight on their way (firmware/meter/outbox).
Prints ``name value unit`` lines.
"""

import random
import select
import sys
import time
from pathlib import Path

from firmware.meter.outbox import BACKFILL_MS, WINDOW
from hil.bench.processes import Failed
from tools.loadtest import fleet
from tools.loadtest.certificates import READINGS
from tools.loadtest.fleet import INTERVAL_S
from tools.loadtest.station import Station
from tools.loadtest.subject import Subject
from tools.robust import campaign

METERS, OWED = 200, 7 * 86_400 // INTERVAL_S
LIMIT_MS = 1000.0
_LIVE_S = 10.0
"""Between two new certificates of a meter: ninety times as often as in real life, for enough of them to be measured."""
_AGAIN_S = 3.0
_PATIENCE_S = 60.0
_POLL_S = 0.002
_PARTS = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


class Debtor:
    """A meter that was away for a week. Its certificates are 1 to ``owed``, then those that it makes meanwhile."""

    def __init__(self, station: Station, owed: int, start: float) -> None:
        """``start``: when it begins, on the clock of time.perf_counter; no two meters march in step."""
        self.station = station
        self._owed = owed
        self._next = 1
        self._live = owed
        self._flights: dict[int, float] = {}
        self._due = self._live_due = start

    def send(self, now: float) -> None:
        """What is due."""
        if now >= self._live_due and self._live < len(self.station.meter.certificates):
            self._live_due += _LIVE_S
            self._live += 1
            self._fly(self._live, now)
        if now >= self._due:
            self._pay(now)

    @property
    def live(self) -> range:
        """The numbers of its new certificates up to now."""
        return range(self._owed + 1, self._live + 1)

    @property
    def clear(self) -> bool:
        """Whether it has receipts for all of its debt, and for all that it has sent."""
        return len(self.station.received) >= self._live

    def _pay(self, now: float) -> None:
        self._flights = {number: at for number, at in self._flights.items() if number not in self.station.received}
        late = [number for number, at in self._flights.items() if now > at + _AGAIN_S]
        if late:
            self._fly(min(late), now)
        elif self._next <= self._owed and len(self._flights) < WINDOW:
            self._fly(self._next, now)
            self._next += 1
        else:
            return
        self._due = now + BACKFILL_MS / 1000

    def _fly(self, number: int, now: float) -> None:
        self._flights[number] = now
        self.station.send(number)


def pay_off(debtors: list[Debtor]) -> float:
    """Until nobody owes anything: seconds. Failed if there is no receipt for a minute."""
    poll = select.epoll()
    stations = {debtor.station.fileno(): debtor.station for debtor in debtors}
    for line in stations:
        poll.register(line, select.EPOLLIN)
    begun = heard = time.perf_counter()
    while not all(debtor.clear for debtor in debtors):
        now = time.perf_counter()
        for debtor in debtors:
            debtor.send(now)
        if sum(stations[line].receive() for line, _ in poll.poll(_POLL_S)):
            heard = now
        if now > heard + _PATIENCE_S:
            raise Failed(f"no receipt for {_PATIENCE_S:.0f} s")
    poll.close()
    return time.perf_counter() - begun


def measure(folder: Path, meters: int, owed: int) -> list[str]:
    """The campaign's figures. Failed if something is not receipted."""
    live = int(owed * BACKFILL_MS / 1000 / _LIVE_S) + 2
    ready = fleet.commission(folder / "site", meters, owed + live, lambda *_: None, INTERVAL_S // READINGS)
    subject = Subject(ready.site)
    try:
        stations = [Station(meter, meter.context(ready.site.door.ca), subject.host, subject.port) for meter in ready.meters]
        for station in stations:
            station.enter()
        chance, start, before = random.Random(1), time.perf_counter(), subject.cost()  # noqa: S311 - no secret
        debtors = [Debtor(station, owed, start + chance.uniform(0, _LIVE_S)) for station in stations]
        seconds = pay_off(debtors)
        cost = subject.cost().since(before)
    finally:
        subject.stop()
    delays = sorted(
        1000 * (debtor.station.received[number] - debtor.station.sent[number]) for debtor in debtors for number in debtor.live
    )
    return [
        f"backlog {meters * owed} certificates",
        f"backlog_drained {seconds:.1f} s",
        f"backlog_processor {cost.gateway / seconds:.2f} cores",
        f"backlog_live {len(delays)} certificates",
        *(f"backlog_live_{name} {delays[int(part * (len(delays) - 1))]:.1f} ms" for name, part in _PARTS),
    ]


def main(meters: int = METERS, owed: int = OWED) -> int:
    """Run the campaign and print its figures; the exit status."""
    return campaign.run(lambda folder: measure(folder, meters, owed), f"tools.robust.backlog {meters} {owed}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
