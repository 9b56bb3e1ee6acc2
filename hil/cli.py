"""Command line of the rig: `skerry hil`, or `python -m hil`."""

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from .history import HistoryError, Recording
from .roster import DEFAULT_METERS, RosterError
from .scenario import ScenarioError, find, load, parse, shipped
from .verdict.finding import Word
from .verdict.judge import Judgement, judge

_UNKNOWN = 3
STATUS = {Word.PASS: 0, Word.FAIL: 1, Word.UNKNOWN: _UNKNOWN}
"""Exit statuses; 2 is that of a wrong command."""

Scenarios = Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Names that `hil list` shows, or files.")]
Seed = Annotated[int | None, typer.Option(min=0, help="What all randomness comes from, instead of the scenario's own.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def hil() -> None:
    """Simulate the island behind real Modbus, and run scenarios on it."""


@app.command()
def serve(
    directory: Annotated[Path, typer.Option("--dir", help="Where rig.json and plant.jsonl go.")],
    meters: Annotated[int, typer.Option(help="How many meters, 2 to 200.")] = DEFAULT_METERS,
    seed: Annotated[int, typer.Option(min=0, help="What the weather and the people do.")] = 1,
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds of running; then power stays zero.")] = None,
    scenario: Annotated[str | None, typer.Option(help="A scenario: its day, and its faults of wires.")] = None,
    broker: Annotated[int | None, typer.Option(help="Port of a broker here, to which each meter gets a proxy.")] = None,
) -> None:
    """Serve the devices until SIGTERM or SIGINT; SIGUSR1 brings all power to zero."""
    # The plant's libraries take seconds to load, which no other command of `skerry` should wait for.
    from .links.probe import SilentDevice  # noqa: PLC0415
    from .serve import serve as run  # noqa: PLC0415

    try:
        played = load(find(scenario))[0] if scenario else None
        asyncio.run(run(meters, seed, directory, duration, played, broker))
    except (RosterError, ScenarioError, SilentDevice, OSError) as error:
        typer.echo(f"rig: {error}", err=True)
        raise typer.Exit(1) from error


@app.command("list")
def list_scenarios() -> None:
    """Show the scenarios that come with the rig."""
    for path in shipped():
        typer.echo(f"{path.stem:<28}{load(path)[0].title}")


@app.command()
def run(
    scenarios: Scenarios,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="Where the runs and the report go.")] = None,
) -> None:
    """Run scenarios and judge them. Exit status 0: all pass; 1: one fails; 3: none fails, but of one it is not known."""
    from .bench.processes import Failed  # noqa: PLC0415 - as above
    from .runner.batch import run_all  # noqa: PLC0415

    folder = out or Path(f"hil-{time.strftime('%Y%m%d-%H%M%S')}")
    try:
        word = run_all([find(name) for name in scenarios], seed, folder)
    except (ScenarioError, Failed) as error:
        raise _wrong(error) from error
    raise typer.Exit(STATUS[word])


@app.command(hidden=True)
def play(scenario: Path, out: Annotated[Path, typer.Option()], seed: Seed = None) -> None:
    """Play one scenario in this very process: what `run` starts."""
    from .runner.play import Job  # noqa: PLC0415
    from .runner.play import play as play_one  # noqa: PLC0415

    play_one(Job(scenario, seed, out))


@app.command("judge")
def judge_history(
    history: Path,
    scenario: Annotated[str | None, typer.Option(help="Judge by the verdicts of this scenario instead of its own.")] = None,
) -> None:
    """Judge a recorded run again. Exit status as of `run`."""
    try:
        recording = Recording.read(history)
        limits = load(find(scenario))[0] if scenario else parse(recording.head.scenario, recording.head.name)
    except (HistoryError, ScenarioError, OSError) as error:
        raise _wrong(error) from error
    judgement = judge(recording, limits.verdict)
    _show(judgement)
    raise typer.Exit(STATUS[judgement.word])


def _show(judgement: Judgement) -> None:
    from .report.text import lines  # noqa: PLC0415 - rich takes a moment

    typer.echo("\n".join(lines(judgement)))


def _wrong(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(2)
