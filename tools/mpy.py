"""The firmware as MicroPython bytecode: what a board's flash has to hold.

The compiler is the one that set-up built together with the emulated board; it writes the bytecode of MicroPython 1.25
(.mpy version 6.3), the meters' own.
"""

import subprocess
from pathlib import Path

from tools.setup import board

ROOT = Path(__file__).parents[1]
FIRMWARE = ROOT / "firmware"
COMPILER = board.home(ROOT / ".skerry") / "mpy-cross"
NOT_SHIPPED = ("hal/fake.py",)


def compile(source: Path) -> bytes:
    """The bytecode of a source file of ours, which tracebacks will name by its path from the root.

    Raises subprocess.CalledProcessError for what MicroPython cannot compile, OSError before set-up has built the compiler.
    """
    command = [str(COMPILER), "-s", str(source.relative_to(ROOT)), "-o", "-", str(source)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def application() -> dict[Path, bytes]:
    """The bytecode of every module that a meter may carry, by its path from the root: all but the tests' board."""
    excluded = [FIRMWARE / name for name in NOT_SHIPPED]
    sources = [path for path in sorted(FIRMWARE.rglob("*.py")) if path not in excluded]
    return {path.relative_to(ROOT).with_suffix(".mpy"): compile(path) for path in sources}
