"""`python3 -m tools.setup run|test|cometbft`: what `make run`, `make test` or the cometbft engine needs.

One clear sentence if it cannot be had.
"""

import sys
from pathlib import Path

from tools.setup import apt, board, browser, cometbft, faketime, micropython, mosquitto, prometheus, venv
from tools.setup.system import SetupError, which

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".skerry"


def prepare(flavour: str) -> None:
    """Set up the flavour. Raises SetupError for what skerry cannot do without."""
    venv.ensure(ROOT, flavour)
    micropython.ensure(STATE)
    mosquitto.ensure()
    if flavour == "test":
        if which("mbpoll") is None:
            apt.install(["mbpoll"])
        browser.ensure(STATE, ROOT / ".venv" / "bin" / "python")
        faketime.ensure()
        prometheus.ensure()
        board.ensure(STATE)
        cometbft.ensure_or_say(STATE)


def main() -> int:
    """Return the exit status: 0 ready, 1 something cannot be had, 2 wrong use."""
    if sys.argv[1:] not in (["run"], ["test"], ["cometbft"]):
        print("usage: python3 -m tools.setup run|test|cometbft", file=sys.stderr)
        return 2
    try:
        if sys.argv[1] == "cometbft":
            cometbft.ensure(STATE)
        else:
            prepare(sys.argv[1])
    except SetupError as error:
        print(f"skerry setup: cannot go on: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
