"""`skerry meter status`: what is on a board, seen from its raw REPL. The meter is stopped for it and started again."""

import json as encoder
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from .board import Board
from .conventions import AsJson, plainly
from .install.run import Reached, prepare

_LOOK = """\
import json
names = [os.listdir({root!r} or "/"), os.listdir({root!r} + "/firmware") if "firmware" in os.listdir({root!r} or "/") else []]
said = ["main.py" in names[0], "config.json" in names[0]]
if "boot.mpy" in names[1]:
    found = record({root!r})
    said += [found.slot, found.trial, found.version, found.result, found.boots, found.ended]
print(json.dumps(said))
"""

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class Status:
    """A board.

    `installed` is whether it has a whole application, `configured` whether a configuration. `slot` is the one that runs,
    "factory" for the first application, `trial` the one on trial, "" for none; `version` is the newest that was tried, `result`
    what became of it; `boots` counts starts since the meter last made progress, `ended` is why the newest run ended.
    """

    installed: bool
    configured: bool
    slot: str = ""
    trial: str = ""
    version: int = 0
    result: str = ""
    boots: int = 0
    ended: str = ""

    @property
    def next_step(self) -> str:
        """What a technician does next."""
        if not self.installed:
            return "skerry meter install"
        if not self.configured:
            return "skerry meter provision"
        return "skerry meter logs" if self.boots > 1 else "nothing: it is ready"


def look(board: Reached, root: str = "") -> Status:
    """What is on the board. BoardError if it does not answer."""
    prepare(board)
    installed, configured, *record = encoder.loads(board.run(_LOOK.format(root=root)))
    if not record:
        return Status(installed, configured)
    slot, *rest = record
    return Status(installed, configured, slot or "factory", *rest)


@app.command()
def status(port: Annotated[str, typer.Argument(help="The board's serial port.")], json: AsJson = False) -> None:
    """Say what is on a board, and what to do next. A meter is stopped for it, then started again.

    Exit status 1 if no board answers.
    """
    with plainly():
        with Board(port) as board:
            interpreter, found = board.interpreter(), look(board)
            if found.installed:
                board.restart()
        if json:
            typer.echo(encoder.dumps(asdict(interpreter) | asdict(found) | {"next": found.next_step}))
            return
        for name, value in (asdict(interpreter) | asdict(found)).items():
            typer.echo(f"{name:12} {value}")
        typer.echo(f"{'next':12} {found.next_step}")
