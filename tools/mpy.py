"""The firmware as MicroPython bytecode: what a board's flash has to hold.

The compiler is the one that set-up built together with the emulated board; it writes the bytecode of MicroPython 1.25
(.mpy version 6.3), the meters' own.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from tools.setup import board

ROOT = Path(__file__).parents[1]
FIRMWARE = ROOT / "firmware"
COMPILER = board.home(ROOT / ".skerry") / "mpy-cross"
NOT_SHIPPED = ("hal/fake.py", "hal/fake_atecc608.py")


def application() -> dict[Path, bytes]:
    """All files that a meter may carry, by their paths from the root: modules compiled, and register maps."""
    return {**compiled(sources()), **plain(sorted((FIRMWARE / "maps").glob("*.json")))}


def sources() -> list[Path]:
    """All modules that a meter may carry."""
    excluded = [FIRMWARE / name for name in NOT_SHIPPED]
    return [path for path in sorted(FIRMWARE.rglob("*.py")) if path not in excluded]


def compiled(files: Iterable[Path]) -> dict[Path, bytes]:
    """The bytecode of source files of ours.

    Raises subprocess.CalledProcessError for what MicroPython cannot compile, OSError before set-up has built the compiler.
    """
    return {source.relative_to(ROOT).with_suffix(".mpy"): _compile(source) for source in files}


def plain(files: Iterable[Path]) -> dict[Path, bytes]:
    """Files of ours as they are."""
    return {file.relative_to(ROOT): file.read_bytes() for file in files}


def _compile(source: Path) -> bytes:
    # -s: the name that tracebacks show
    command = [str(COMPILER), "-s", str(source.relative_to(ROOT)), "-o", "-", str(source)]
    return subprocess.run(command, check=True, capture_output=True).stdout
