"""The gateway and its broker as processes whose clock leaps (libfaketime): nothing is lost, and the door opens in any year.

    python -m tools.robust.leaps

After each leap the broker is killed: everybody has to come in again, past certificates and a list of the revoked that were
made in another year. Prints ``name value unit`` lines.
"""

import os
import signal
import sys
import time
from pathlib import Path

from hil.bench import faketime
from hil.bench.processes import Failed, wait_for
from tools.loadtest import fleet
from tools.robust import campaign
from tools.robust.stand import Lost, Stand, check

LEAPS = {"hours_ahead": "+5h", "years_ahead": "+3y", "hours_behind": "-5h", "years_behind": "-10y"}
"""By what they are called, as libfaketime writes them. A meter's certificate lasts five years."""
_METERS, _EACH = 2, 4000
_STILL_S, _READY_S = 2.0, 30.0
_PROGRAM = """
import pathlib, select, signal, sys, time

# libfaketime does not know the call by which Python sleeps
time.sleep = lambda seconds: select.select([], [], [], max(0, seconds)) and None

from gateway import service
from gateway.adapters import logs

def serve(view, vitals, host, port, on_ready):
    on_ready(f"http://{host}:{port}/")
    while True:
        signal.pause()

logs.configure(as_json=True)
service.run(pathlib.Path(sys.argv[-1]), serve)
"""
"""The gateway without its dashboard, whose loop would spin on libfaketime's timers."""


class Clock:
    """What the processes under it take for the time, told by a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.leap("+0")

    def leap(self, offset: str) -> None:
        """From now on the time is off by ``offset``."""
        new = self._path.with_suffix(".new")
        new.write_text(f"{offset}\n", encoding="ascii")
        new.replace(self._path)

    def skerry(self) -> tuple[str, ...]:
        """The beginning of the command that runs the gateway under this clock. Failed if libfaketime is not installed."""
        library = faketime.library()
        if library is None:
            raise Failed("libfaketime is missing: `make setup-test` installs it")
        settings = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        return "env", *(f"{name}={value}" for name, value in settings.items()), sys.executable, "-c", _PROGRAM


def leap(stand: Stand, clock: Clock, offset: str) -> float:
    """Leap there, let everybody come in again, see what is taken, and leap back: seconds to the next receipt after that."""
    clock.leap(offset)
    time.sleep(_STILL_S / 2)
    if stand.broker is not None:
        os.kill(stand.broker, signal.SIGKILL)
    before = stand.receipts
    if offset.startswith("+"):
        stand.receipted(before)
    else:
        time.sleep(_STILL_S)
        if stand.receipts != before:
            raise Lost(f"{offset}: certificates from the future were taken")
    before, at = stand.receipts, time.monotonic()
    clock.leap("+0")
    stand.receipted(before)
    return time.monotonic() - at


def through_the_years(folder: Path, leaps: dict[str, str]) -> list[str]:
    """The figures of ``leaps``. Lost, or Failed."""
    clock = Clock(folder / "clock")
    stand = Stand(fleet.commission(folder / "site", _METERS, _EACH, lambda *_: None), clock.skerry())
    with stand:
        stand.gateway.start()
        wait_for(stand.site.running, stand.gateway, _READY_S)
        stand.receipted()
        took = {name: leap(stand, clock, offset) for name, offset in leaps.items()}
    check(stand)
    recoveries = [f"clock_{name}_recovery {seconds:.2f} s" for name, seconds in took.items()]
    return [*recoveries, f"clock_receipts {stand.receipts} certificates", "clock_receipted_and_lost 0 certificates"]


def main() -> int:
    """Run the campaign and print its figures; the exit status."""
    return campaign.run(lambda folder: through_the_years(folder, LEAPS), "tools.robust.leaps")


if __name__ == "__main__":
    sys.exit(main())
