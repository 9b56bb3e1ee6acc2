"""What the emulated board's ROM holds: the firmware, the portable tests and the files that they read, as on disk."""

from pathlib import Path

from tools import mpy

TESTS = mpy.ROOT / "tests" / "portable"
CPYTHON_ONLY = TESTS / "test_on_micropython.py"
FILES = sorted(path for path in TESTS.glob("test_*.py") if path != CPYTHON_ONLY)
VECTORS = mpy.ROOT / "tests" / "vectors"


def files() -> dict[Path, bytes]:
    """Every file by its path from the root, Python compiled."""
    sources = [mpy.FIRMWARE / name for name in mpy.NOT_SHIPPED] + [TESTS / "run.py", TESTS / "sample.py", *FILES]
    return {**mpy.application(), **mpy.compiled(sources), **mpy.plain(VECTORS.glob("*.json"))}
