"""``skerry demo``: the whole island on one machine, and a reckoning that does not believe it."""

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from hil.bench.island import ERRORS

from .course import run
from .outcome import Wishes
from .report import Report, write

_INTERRUPTED = 130

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds of running; without it, until Ctrl-C.")] = None,
    interval: Annotated[int, typer.Option(min=2, max=3600, help="Settlement interval in seconds.")] = 10,
    meters: Annotated[int, typer.Option(min=2, max=200, help="How many meters.")] = 11,
    seed: Annotated[int, typer.Option(min=0, help="What weather, people and power cuts do.")] = 1,
    json: Annotated[str, typer.Option(metavar="FILE", help="Write the figures there; - for stdout.")] = "",
    power_cut: Annotated[bool, typer.Option("--power-cut", help="Kill broker, gateway and meters, again and again.")] = False,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Keep the run here instead of in a temporary directory.")
    ] = None,
) -> None:
    """Run the demo island: simulated units behind real Modbus, meters on MicroPython, broker, gateway, ledger, settlement.

    Exit status 1 if anything is lost, counted twice or unbalanced.
    """
    if power_cut and duration is None:
        raise typer.BadParameter("--power-cut needs --duration: the cuts are planned over it")
    report = Report(stderr=json == "-")
    signal.signal(signal.SIGTERM, _interrupt)
    place = directory.resolve() if directory else Path(tempfile.mkdtemp(prefix="skerry-"))
    wishes = Wishes(duration, interval, meters, seed, power_cut)
    report.step("island", f"{meters} meters, intervals of {interval} s, seed {seed}, in {place}")
    try:
        outcome = run(wishes, place, report)
    except KeyboardInterrupt:
        report.stopped()
        _clear(place, directory)
        sys.exit(0 if duration is None else _INTERRUPTED)
    except ERRORS as error:
        report.failed(str(error))
        sys.exit(1)
    report.outcome(outcome)
    if json:
        write(outcome, json)
    if outcome.reckoning.faults():
        sys.exit(1)
    _clear(place, directory)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _clear(place: Path, kept: Path | None) -> None:
    if kept is None:
        shutil.rmtree(place, ignore_errors=True)
