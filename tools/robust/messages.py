"""Fuzzed messages into a shadow centre: nothing escapes but answers, no memory stays, and honest meters lose nothing.

    python -m tools.robust.messages [COUNT [SEED]]

Honest meters certify; hostile ones hold keys that are enrolled and sign whatever comes to their mind; anybody sends anything
on any topic. Prints ``name value unit`` lines.
"""

import os
import sys
from pathlib import Path
from time import perf_counter

from blockchain_iface.archive import Archive
from blockchain_iface.verify import verify
from tests.centre_bench import NOW, CentreBench
from tests.virtual_meter import CENTRE
from tools.robust import campaign
from tools.robust.crowd import Crowd

COUNT, SEED = 1_000_000, 1
_BATCH, _TICK = 200, 2000
_WARM = 0.2
"""The part of a campaign after which memory may not grow: caches are full then."""
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class Escaped(Exception):
    """A batch raised what it must not, or broke an honest meter. The message names the seed and the message."""


class Campaign:
    """A shadow centre, and the crowd before it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.bench = CentreBench(folder / "ledger.sqlite")
        self.crowd = Crowd(seed)
        self.sent = self.answers = 0
        self.warm_mb = 0.0
        for meter, role in [
            *((meter, "house") for meter in self.crowd.honest),
            *((meter, "load") for meter in self.crowd.hostile),
        ]:
            self.bench.centre.enrol(meter.request, role, NOW)

    def run(self, count: int) -> None:
        """Send ``count`` messages. Escaped if a batch raises, or if an honest certificate is missing in the end."""
        while self.sent < count:
            self._batch(min(_BATCH, count - self.sent))
            if not self.warm_mb and self.sent >= _WARM * count:
                self.warm_mb = resident_mb()
        for meter in self.crowd.honest:
            chain = self.bench.centre._writer.state.chains.get(meter.meter)
            if chain is None or chain.contiguous != meter.seq:
                raise Escaped(f"seed {self.seed}: {meter.meter} has certified {meter.seq} times, the ledger has {chain}")

    def _batch(self, size: int) -> None:
        batch = [self.crowd.message() for _ in range(size)]
        now = max(NOW, self.crowd.time)
        try:
            self.answers += len(self.bench.centre.on_messages(batch, now))
            self.answers += len(self.bench.centre.tell_time(now * 1000, 20))
            if self.sent % _TICK == 0:
                self.answers += len(self.bench.centre.on_tick(now))
                self.bench.centre.view(now, {}, "")
        except Exception as error:
            raise Escaped(f"seed {self.seed}, among messages {self.sent + 1} to {self.sent + size}") from error
        self.sent += size


def resident_mb() -> float:
    """Megabytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MB


def measure(folder: Path, count: int, seed: int) -> list[str]:
    """The campaign's figures; what it leaves on the ledger is verified. Escaped."""
    fuzzing, begun = Campaign(folder, seed), perf_counter()
    fuzzing.run(count)
    spent, growth = perf_counter() - begun, resident_mb() - fuzzing.warm_mb
    verify(Archive(fuzzing.bench.path), CENTRE.public)
    return [
        f"fuzz_messages {fuzzing.sent} messages",
        f"fuzz_messages_rate {fuzzing.sent / spent:.0f} messages/s",
        f"fuzz_messages_on_ledger {fuzzing.bench.size()} entries",
        f"fuzz_messages_memory_growth {growth:.1f} MB",
    ]


def main(count: int = COUNT, seed: int = SEED) -> int:
    """Run the campaign and print its figures; the exit status."""
    return campaign.run(lambda folder: measure(folder, count, seed), f"tools.robust.messages {count} {seed}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
