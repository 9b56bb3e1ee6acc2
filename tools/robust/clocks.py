"""A gateway whose clock leaps, by hours and by years, while its meters' clocks are right: nothing is lost or settled twice.

    python -m tools.robust.clocks [STEPS [SEED]]

Each step is ten seconds, in which every meter certifies an interval and sends what it has no receipt for. Prints ``name value
unit`` lines.
"""

import random
import sys
from collections.abc import Sequence
from pathlib import Path

from blockchain_iface.archive import Archive
from blockchain_iface.verify import verify
from firmware.wire import command, receipt
from gateway.core.admission import TOLERANCE_S
from gateway.core.centre import Publish
from hil.bench import books
from tests.centre_bench import CentreBench
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, VirtualMeter
from tools.robust import campaign

STEPS, SEED = 5_000, 1
_METERS = 3
_AT_ONCE = 12
_HOUR, _YEAR = 3600, 365 * 86_400
_CALM = 200
"""Steps in the end in which the clock is right: everything must be well again by then."""


class Wrong(Exception):
    """What must not happen, happened. The message says what."""


class _Meter:
    """Sends the newest first, keeps what has no receipt; some it does not send until it hears that it is asked for them."""

    def __init__(self, number: int) -> None:
        self.meter = VirtualMeter(f"meter-{number}", 11 + number)
        self.kept: dict[int, bytes] = {}
        self.silent: set[int] = set()
        self.ends: dict[int, int] = {}

    def certify(self, forgets: bool) -> None:
        data = self.meter.certify(3, 1)
        self.kept[self.meter.seq] = data
        self.ends[self.meter.seq] = self.meter.t
        if forgets:
            self.silent.add(self.meter.seq)

    def to_send(self) -> list[bytes]:
        numbers = [number for number in reversed(self.kept) if number not in self.silent]
        return [self.kept[number] for number in numbers[:_AT_ONCE]]


class Island:
    """The meters, the gateway, and the time: ``true`` for the meters, ``error`` seconds ahead for the gateway."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self.bench = CentreBench(folder / "ledger.sqlite")
        self.meters = {meter.meter.meter: meter for meter in map(_Meter, range(_METERS))}
        self.true, self.error = T0, 0
        self.leaps = self.restarts = 0
        for meter in self.meters.values():
            self.bench.centre.enrol(meter.meter.request, "house", T0)

    @property
    def now(self) -> int:
        """What the gateway's clock says: never before 1970."""
        return max(0, self.true + self.error)

    def run(self, steps: int) -> None:
        """Leap about for ``steps`` steps, then be right for a while. Wrong."""
        for _ in range(steps):
            if self._chance.random() < 0.03:
                self._leap()
            if self._chance.random() < 0.01:
                self.restarts += 1
                self.bench.ledger.close()
                self.bench.open()
            self._step(0.02)
        self.error = 0
        for _ in range(_CALM):
            self._step(0)
        late = {name: len(meter.kept) for name, meter in self.meters.items() if meter.kept}
        if late:
            raise Wrong(f"the clock has been right for {_CALM * INTERVAL} s, and these certificates have no receipt: {late}")

    def _leap(self) -> None:
        self.leaps += 1
        far = self._chance.choice((_HOUR, 24 * _HOUR, _YEAR, 10 * _YEAR, 200 * _YEAR))
        error = self._chance.choice((-self.true, -far, far, self._chance.randint(-far, far)))
        self.error = error if not self.error else 0

    def _step(self, forgetful: float) -> None:
        self.true += INTERVAL
        for meter in self.meters.values():
            meter.certify(self._chance.random() < forgetful)
        for name, meter in self.meters.items():
            self._take(name, self.bench.send(meter.meter, *meter.to_send(), now=self.now))
        for one in self.bench.centre.on_tick(self.now):
            self._take(one.topic.split("/")[3], [one])
        self.bench.centre.tell_time(self.now * 1000, 20)
        self.bench.centre.view(self.now, {}, "")

    def _take(self, name: str, answers: Sequence[Publish]) -> None:
        meter = self.meters[name]
        for one in answers:
            if one.topic.endswith("/receipt"):
                _, number, _ = receipt.unwrap(one.payload)
                if meter.ends[number] > self.now + TOLERANCE_S:
                    raise Wrong(f"{name} {number} ends at {meter.ends[number]}, and was taken at {self.now}")
                meter.kept.pop(number, None)
            else:
                first, last = command.resend_of(command.parse(one.payload, SITE, name).arguments)
                if self._chance.random() < 0.5:
                    meter.silent -= {*range(first, last + 1)}

    def check(self) -> int:
        """Read the ledger, verify it whole, add it up; how many settlements there are. Wrong."""
        archive = Archive(self.bench.path)
        verify(archive, CENTRE.public)
        entries = list(archive.entries())
        archive.close()
        ours = books.read(entries)
        for name, chain in ours.chains.items():
            if len(chain.certificates) != self.meters[name].meter.seq or chain.repeated:
                raise Wrong(
                    f"{name} has certified {self.meters[name].meter.seq} times, the ledger has {len(chain.certificates)}"
                )
            if ours.settled_wh(name) != chain.energy_wh:
                raise Wrong(f"{name}: settled {ours.settled_wh(name)} Wh, certified {chain.energy_wh} Wh")
        if ours.balance_error:
            raise Wrong(f"the balances are {ours.balance_error} micro-tokens off")
        strange = [t0 for t0 in ours.settlements if not T0 - INTERVAL <= t0 < self.true]
        if len(strange) > self.leaps:
            raise Wrong(f"{len(strange)} intervals are settled that nobody has metered: {strange[:5]}")
        return len(ours.settlements) + ours.revisions


def measure(folder: Path, steps: int, seed: int) -> list[str]:
    """The campaign's figures. Wrong."""
    island = Island(folder, seed)
    island.run(steps)
    settlements = island.check()
    return [
        f"clock_leaps {island.leaps} leaps",
        f"clock_leaps_certificates {_METERS * (steps + _CALM)} certificates",
        "clock_leaps_lost 0 certificates",
        f"clock_leaps_settlements_per_interval {settlements / (steps + _CALM):.2f} settlements",
        "clock_leaps_settled_twice 0 settlements",
    ]


def main(steps: int = STEPS, seed: int = SEED) -> int:
    """Run the campaign and print its figures; the exit status."""
    return campaign.run(lambda folder: measure(folder, steps, seed), f"tools.robust.clocks {steps} {seed}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
