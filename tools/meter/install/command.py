"""`skerry meter install`: the thin shell around an installation."""

import json as encoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.adapters import releases
from gateway.core.release import Release
from tools import mpy
from tools.release import release as compiled

from ..board import Board, BoardError, Interpreter
from ..conventions import AsJson, plainly
from ..errors import BenchError
from .run import install as run

TARGET = "esp32"
_MAIN = mpy.FIRMWARE / "main_esp32.py"

app = typer.Typer()


@app.command()
def install(
    port: Annotated[str, typer.Argument(help="The board's serial port.")],
    release: Annotated[Path | None, typer.Option(help="A release's archive; without, this checkout is compiled.")] = None,
    json: AsJson = False,
) -> None:
    """Bring the meter's application on a board with MicroPython; only what differs is copied.

    On a board that has one, it goes into the slot that does not run and is tried, as an update over the air is.
    Exit status 1 if it could not be done; the same command goes on.
    """
    with plainly():
        found = _release(release)
        with Board(port) as board, _bar() as progress:
            _suits(board.interpreter(), found)
            done = run(board, found.files, _MAIN.read_bytes(), found.version, progress)
            if done.starts:
                board.restart()
        if json:
            typer.echo(encoder.dumps({"version": found.version} | asdict(done)))
        elif done.starts:
            typer.echo(
                f"Version {found.version}, in {done.place}: {done.written} files written ({done.size} bytes), {done.kept} kept."
            )
        else:
            typer.echo(f"Version {found.version} runs there already, in {done.place}; nothing was written.")


def _release(archive: Path | None) -> Release:
    try:
        return compiled(TARGET) if archive is None else releases.parse(archive.read_bytes())
    except releases.ReleaseError as error:
        raise BenchError(f"{archive}: {error}") from None
    except OSError as error:
        raise BenchError(f"{error}. Name a release with --release, or build the compiler: `make setup-test`") from None


def _suits(interpreter: Interpreter, found: Release) -> None:
    """BoardError unless the board takes this bytecode (its version is the second byte of each compiled file)."""
    needed = next(content[1] for path, content in found.files.items() if path.endswith(".mpy"))
    if interpreter.mpy != needed:
        raise BoardError(
            f"the board's MicroPython takes bytecode of version {interpreter.mpy}, the application has {needed}. "
            "`skerry meter flash` brings the right MicroPython"
        )
    if interpreter.platform != found.target:
        raise BoardError(f"the board is {interpreter.platform}, the application is for {found.target}. Take another release")


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr, where a person looks on."""
    console = Console(stderr=True)
    columns = TextColumn("installing"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
