"""`skerry meter logs`: the newest lines of a running meter's log, by its serial console. It goes on metering."""

from typing import Annotated

import serial
import typer

from .conventions import plainly
from .errors import PortError

_BAUD = 115_200
_QUESTION = b"\nlog\n"
_SILENCE_S = 1.0
_AT_ONCE = 4096

app = typer.Typer()


@app.command()
def logs(port: Annotated[str, typer.Argument(help="The board's serial port.")]) -> None:
    """Print the newest 4 KB of a running meter's log. Exit status 1 if no meter answers."""
    with plainly():
        typer.echo(ask(port), nl=False)


def ask(port: str) -> str:
    """What the console answers to `log`. PortError if nothing comes for a second."""
    said = b""
    try:
        with serial.Serial(port, _BAUD, timeout=_SILENCE_S, exclusive=True) as line:
            line.write(_QUESTION)
            while piece := line.read(1):
                said += piece + line.read(min(line.in_waiting, _AT_ONCE))
    except OSError as error:
        raise PortError(f"{port}: {error}. Look at plug and cable, and whether another program has it open") from None
    if not said:
        raise PortError(f"{port}: no meter answers. Is it running? `skerry meter status` stops it, looks, and starts it again")
    return said.decode("utf-8", "replace").replace("\r\n", "\n")
