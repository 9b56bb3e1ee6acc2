"""Every figure of the gateway, from all benchmarks, one a line: `python -m tools.bench_gateway` prints `name value unit`."""

import sys

from tools.figures import print_all

BENCHES = (
    (sys.executable, "-m", "tools.bench_ingest"),
    (sys.executable, "-m", "tools.robust.decoders"),
    (sys.executable, "-m", "tools.robust.messages"),
    (sys.executable, "-m", "tools.robust.kills"),
    (sys.executable, "-m", "tools.robust.disks"),
    (sys.executable, "-m", "tools.robust.clocks"),
    (sys.executable, "-m", "tools.robust.leaps"),
    (sys.executable, "-m", "tools.robust.backlog"),
)

if __name__ == "__main__":
    sys.exit(print_all(BENCHES))
