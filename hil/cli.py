"""Command line of the rig: `skerry hil`, or `python -m hil`."""

import asyncio
import json
import signal
import time
from pathlib import Path
from typing import Annotated

import typer

from .history import HistoryError, Recording
from .roster import DEFAULT_METERS, RosterError
from .scenario import ScenarioError, find, load, shipped
from .verdict.finding import Word
from .verdict.judge import Judgement, judge, judge_by_its_own

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

    folder = out or _folder()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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

    # whoever started this in the background may have had it ignore the one signal that we are stopped by
    signal.signal(signal.SIGINT, signal.default_int_handler)
    play_one(Job(scenario, seed, out))


@app.command()
def replay(history: Path, out: Annotated[Path | None, typer.Option(help="Where the run and the report go.")] = None) -> None:
    """Run again what a history records: its scenario, as it was then, with its seed. Exit status as of `run`."""
    try:
        head = Recording.read(history).head
    except (HistoryError, OSError) as error:
        raise _wrong(error) from error
    folder = out or _folder()
    folder.mkdir(parents=True, exist_ok=True)
    scenario = folder / f"{head.name}.toml"
    scenario.write_text(head.scenario, encoding="utf-8")
    run([str(scenario)], head.seed, folder)


@app.command("judge")
def judge_history(
    history: Path,
    scenario: Annotated[str | None, typer.Option(help="Judge by the verdicts of this scenario instead of its own.")] = None,
) -> None:
    """Judge a recorded run again. Exit status as of `run`."""
    try:
        recording = Recording.read(history)
        judgement = judge(recording, load(find(scenario))[0].verdict) if scenario else judge_by_its_own(recording)
    except (HistoryError, ScenarioError, OSError) as error:
        raise _wrong(error) from error
    _show(judgement)
    raise typer.Exit(STATUS[judgement.word])


@app.command()
def record(
    bus: Annotated[str, typer.Argument(help="HOST:PORT, or the path of a serial port.")],
    out: Annotated[Path, typer.Option(help="The recording, a new file.")],
    first: Annotated[int, typer.Option(min=0, max=65535, help="Address of the first register, counted from 0.")],
    count: Annotated[int, typer.Option(min=1, max=65536, help="How many registers.")],
    unit: Annotated[int, typer.Option(min=1, max=247)] = 1,
    function: Annotated[int, typer.Option(min=3, max=4, help="3: holding registers, 4: input registers.")] = 3,
    seconds: Annotated[float, typer.Option(min=0, help="For how long.")] = 60.0,
    every: Annotated[float, typer.Option(min=0, help="Seconds between two readings.")] = 1.0,
    baud: Annotated[int, typer.Option(min=1200, help="Of a serial port.")] = 9600,
) -> None:
    """Record what a real device shows; `hil mimic` serves it again."""
    from .devices.recorded import Block  # noqa: PLC0415 - as above
    from .record import NoDevice, client  # noqa: PLC0415
    from .record import record as read  # noqa: PLC0415

    block = Block.model_validate({"function": function, "first": first, "count": count})

    async def read_all() -> int:
        return await read(client(bus, baud), unit, block, out, seconds, every)

    try:
        times = asyncio.run(read_all())
    except (NoDevice, OSError) as error:
        raise _wrong(error) from error
    typer.echo(f"{out}: {count} registers, read {times} times")


@app.command()
def mimic(recording: Path, unit: Annotated[int, typer.Option(min=1, max=247)] = 1) -> None:
    """Serve a recorded device over Modbus TCP until Ctrl-C; prints where, as a meter's configuration says it."""
    from .devices.recorded import RecordedDevice, RecordingError  # noqa: PLC0415 - as above
    from .record import mimic as serve_recording  # noqa: PLC0415

    async def serve_it() -> None:
        line = await serve_recording(RecordedDevice.read(recording), unit)
        typer.echo(json.dumps(line.bus))
        try:
            await asyncio.Event().wait()
        finally:
            await line.close()

    try:
        asyncio.run(serve_it())
    except (RecordingError, OSError) as error:
        raise _wrong(error) from error
    except KeyboardInterrupt:
        return


def _folder() -> Path:
    return Path(f"hil-{time.strftime('%Y%m%d-%H%M%S')}")


def _show(judgement: Judgement) -> None:
    from .report.text import lines  # noqa: PLC0415 - rich takes a moment

    typer.echo("\n".join(lines(judgement)))


def _wrong(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(2)
