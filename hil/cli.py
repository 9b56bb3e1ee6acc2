"""Command line of the rig: `skerry hil`, or `python -m hil`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from .roster import DEFAULT_METERS, RosterError
from .scenario import ScenarioError, find, load

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def hil() -> None:
    """Simulate the island behind real Modbus."""


@app.command()
def serve(
    directory: Annotated[Path, typer.Option("--dir", help="Where rig.json and plant.jsonl go.")],
    meters: Annotated[int, typer.Option(help="How many meters, 2 to 200.")] = DEFAULT_METERS,
    seed: Annotated[int, typer.Option(min=0, help="What the weather and the people do.")] = 1,
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds of running; then power stays zero.")] = None,
    scenario: Annotated[str | None, typer.Option(help="A scenario whose faults disturb the wires.")] = None,
    broker: Annotated[int | None, typer.Option(help="Port of a broker here, to which each meter gets a proxy.")] = None,
) -> None:
    """Serve the devices until SIGTERM or SIGINT; SIGUSR1 brings all power to zero."""
    # The plant's libraries take seconds to load, which no other command of `skerry` should wait for.
    from .links.probe import SilentDevice  # noqa: PLC0415
    from .serve import serve as run  # noqa: PLC0415

    try:
        faults = load(find(scenario))[0].fault if scenario else ()
        asyncio.run(run(meters, seed, directory, duration, faults, broker))
    except (RosterError, ScenarioError, SilentDevice, OSError) as error:
        typer.echo(f"rig: {error}", err=True)
        raise typer.Exit(1) from error
