"""The decoders under a coverage-guided fuzzer (atheris, on libFuzzer): whatever the bytes, a value or a WireError.

    python -m tools.robust.decoders [COUNT [SEED]]

What is decoded and can be encoded again gives the same bytes: one value, one form. Prints ``name value unit`` lines.
"""

import re
import subprocess
import sys
from pathlib import Path

from tools.figures import ROOT
from tools.robust import campaign
from tools.robust.seeds import inputs

COUNT, SEED = 1_000_000, 1
_MOST_BYTES = 4096
_DONE = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERED = re.compile(r"cov: (\d+)")


class Found(Exception):
    """The fuzzer has found an input that a decoder does not stand. The message is its report."""


def measure(folder: Path, count: int, seed: int) -> list[str]:
    """The campaign's figures. Found."""
    for number, data in enumerate(inputs()):
        (folder / f"{number}.seed").write_bytes(data)
    options = (f"-runs={count}", f"-seed={seed}", f"-max_len={_MOST_BYTES}", f"-artifact_prefix={folder}/")
    command = (sys.executable, "-m", "tools.robust.target", *options, str(folder))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    ran, covered = _DONE.search(done.stderr), _COVERED.findall(done.stderr)
    if done.returncode or ran is None:
        raise Found("\n".join(line for line in done.stderr.splitlines() if not line.startswith("#")))
    return [
        f"fuzz_decoders {ran[1]} inputs",
        f"fuzz_decoders_rate {int(ran[1]) / max(1, int(ran[2])):.0f} inputs/s",
        f"fuzz_decoders_covered {covered[-1]} edges",
    ]


def main(count: int = COUNT, seed: int = SEED) -> int:
    """Run the campaign and print its figures; the exit status."""
    return campaign.run(lambda folder: measure(folder, count, seed), f"tools.robust.decoders {count} {seed}")


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
