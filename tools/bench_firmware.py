"""Every figure of the firmware, from all benchmarks, one a line: `python -m tools.bench_firmware` prints `name value unit`."""

import sys

from tools.figures import ROOT, print_all

MICROPYTHON = str(ROOT / ".skerry" / "bin" / "micropython")
BENCHES = (
    (MICROPYTHON, "-m", "tools.bench_p256"),
    (MICROPYTHON, "-m", "tools.bench_store"),
    (sys.executable, "-m", "tools.bench_bus"),
    (sys.executable, "-m", "tools.bench_size"),
    (sys.executable, "-m", "tools.soak", "10000"),
)

if __name__ == "__main__":
    sys.exit(print_all(BENCHES))
