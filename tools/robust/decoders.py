"""The decoders under a coverage-guided fuzzer (atheris, on libFuzzer): whatever the bytes, a value or a WireError.

    python -m tools.robust.decoders [COUNT [SEED]]

What is decoded and can be encoded again gives the same bytes: one value, one form. Prints ``name value unit`` lines.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.figures import ROOT
from tools.robust.seeds import inputs

COUNT, SEED = 1_000_000, 1
_MOST_BYTES = 4096
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")


def main(count: int = COUNT, seed: int = SEED) -> int:
    """Run the fuzzer ``count`` times, print the figures; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(inputs()):
            (Path(folder) / f"{number}.seed").write_bytes(data)
        options = (f"-runs={count}", f"-seed={seed}", f"-max_len={_MOST_BYTES}", f"-artifact_prefix={folder}/")
        command = (sys.executable, "-m", "tools.robust.target", *options, folder)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    ran, covered = _DONE.search(done.stderr), _COVERED.findall(done.stderr)
    if done.returncode or ran is None:
        said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("#"))
        print(said, f"again: python -m tools.robust.decoders {count} {seed}", sep="\n", file=sys.stderr)
        return 1
    print(f"fuzz_decoders {ran[1]} inputs")
    print(f"fuzz_decoders_rate {int(ran[1]) / max(1, int(ran[2])):.0f} inputs/s")
    print(f"fuzz_decoders_covered {covered[-1]} edges")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
