"""Every figure of the firmware, from all benchmarks, one a line: `python -m tools.bench_firmware` prints `name value unit`."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MICROPYTHON = str(ROOT / ".skerry" / "bin" / "micropython")
LINE = re.compile(r"[a-z][a-z0-9_]* -?\d+(\.\d+)?(e[+-]\d+)? \S+")
BENCHES = (
    (MICROPYTHON, "-m", "tools.bench_p256"),
    (MICROPYTHON, "-m", "tools.bench_store"),
    (sys.executable, "-m", "tools.bench_bus"),
    (sys.executable, "-m", "tools.bench_size"),
    (sys.executable, "-m", "tools.soak", "10000"),
)


class BenchError(Exception):
    """A benchmark failed, or printed something else than figures. The message says which, and ends with its last words."""


def figures(command: tuple[str, ...]) -> list[str]:
    """The lines that a benchmark prints, run from the root. Raises BenchError."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-10:])
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)}: failed with status {done.returncode}:\n{words}")
    lines = done.stdout.splitlines()
    if not lines or not all(LINE.fullmatch(line) for line in lines):
        raise BenchError(f"{' '.join(command)}: prints something else than `name value unit`:\n{words}")
    return lines


def main() -> int:
    """Run all, also after one has failed; return the exit status."""
    failed = 0
    for command in BENCHES:
        try:
            print(*figures(command), sep="\n", flush=True)
        except BenchError as error:
            failed = 1
            print(error, file=sys.stderr, flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
