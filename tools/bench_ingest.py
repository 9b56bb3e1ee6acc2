"""What the gateway takes in, end to end, and what each certificate costs: `python -m tools.bench_ingest [METERS [EACH]]`."""

import shutil
import sys
import tempfile
from pathlib import Path

from tools.loadtest.course import Outcome, Wishes, run
from tools.loadtest.report import share

METERS, EACH, ATTACK = 1000, 50, 5000


def print_figures(outcome: Outcome) -> None:
    """``name value unit`` lines."""
    print(f"openssl_verifies {outcome.verifies:.0f} 1/s")
    print(f"ingest_share_of_openssl {share(outcome):.3f} 1")
    for phase in outcome.phases:
        print(f"ingest_{phase.name}_certificates {phase.rate:.0f} 1/s")
        for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            print(f"ingest_{phase.name}_receipt_{name} {phase.delay_ms(part):.1f} ms")
        for name, each in phase.cost_us._asdict().items():
            print(f"ingest_{phase.name}_{name}_processor {each:.1f} us")
        print(f"ingest_{phase.name}_gateway_memory {phase.gateway_mb:.0f} MB")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:3]]
    meters, each = [*given, *(METERS, EACH)[len(given) :]]
    place = Path(tempfile.mkdtemp(prefix="skerry-bench-"))
    try:
        print_figures(run(Wishes(meters, each, ATTACK), place / "site", lambda _step, _more: None))
    finally:
        shutil.rmtree(place, ignore_errors=True)
