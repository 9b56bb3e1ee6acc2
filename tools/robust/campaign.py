"""How every campaign ends: with its figures, or with the reason and the one command that repeats it."""

import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path


def run(measure: Callable[[Path], Sequence[str]], again: str) -> int:
    """Print what ``measure`` finds, given an empty folder; ``again`` are the module and its arguments. The exit status."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(*measure(Path(folder)), sep="\n")
        except Exception:
            traceback.print_exc()
            print(f"again: python -m {again}", file=sys.stderr)
            return 1
    return 0
