"""Every figure of the ledger, from all benchmarks, one a line: `python -m tools.bench_ledger` prints `name value unit`."""

import sys

from tools.figures import print_all

BENCHES = (
    (sys.executable, "-m", "tools.bench_log"),
    (sys.executable, "-m", "tools.bench_submit"),
    (sys.executable, "-m", "tools.bench_kills"),
    (sys.executable, "-m", "tools.bench_state"),
    (sys.executable, "-m", "tools.bench_verify"),
    (sys.executable, "-m", "tools.bench_cometbft"),
)

if __name__ == "__main__":
    sys.exit(print_all(BENCHES))
