"""`skerry meter flash`: the thin shell around a flash."""

import json as encoder
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from .. import job_log
from ..conventions import AsJson, plainly
from .esptool import Chip, Esptool, Progress
from .run import flash as run

_STEP = "flash"

app = typer.Typer()


@app.command()
def flash(
    port: Annotated[str, typer.Argument(help="The board's serial port.")],
    image: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="MicroPython's image for this chip.")],
    board: Annotated[str, typer.Option(metavar="MAC", help="The board that is meant; another one is refused.")] = "",
    json: AsJson = False,
) -> None:
    """Bring MicroPython on an ESP32 and see by hash that it is there. The image is checked for this chip first.

    Exit status 1 if it could not be done; the same command goes on, also after a pulled cable.
    """
    with plainly():
        jobs = job_log.JobLog(job_log.place())
        job = job_log.Job(_STEP, "", "")

        def begun(chip: Chip) -> None:
            nonlocal job
            earlier = jobs.unfinished(_STEP, chip.mac)
            job = earlier or job_log.Job(_STEP, chip.mac, job_log.stamp(datetime.now(UTC)), state={"image": image.name})
            jobs.keep(job)

        with _bar() as progress:
            done = run(Esptool(port), image, board, begun, progress)
        if job.subject:
            jobs.keep(job.finished(f"{image.name} on {done.chip.name}", datetime.now(UTC)))
        if json:
            typer.echo(encoder.dumps(asdict(done.chip) | {"image": image.name, "written": done.written}))
        else:
            what = "written and verified" if done.written else "there already"
            typer.echo(f"{done.chip.name} {done.chip.mac}, {done.chip.flash_size >> 20} MB: {image.name} is {what}.")


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on stderr, where a person looks on."""
    console = Console(stderr=True)
    columns = TextColumn("flashing"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=100)
        yield lambda percent: bar.update(task, completed=percent)
