"""`skerry meter provision`: the thin shell around a meter's configuration and key."""

import json as encoder
import os
from pathlib import Path
from typing import Annotated

import typer

from ..board import Board, BoardError
from ..conventions import AsJson, plainly
from . import config as configuration
from .run import Identity
from .run import provision as run

_SECRET = "SKERRY_WIFI_PASSWORD"  # noqa: S105 - the variable's name

app = typer.Typer()


@app.command()
def provision(
    port: Annotated[str, typer.Argument(help="The board's serial port.")],
    config: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The meter's configuration, in TOML.")],
    answer: Annotated[Path | None, typer.Option(exists=True, help="What the gateway answered to the request.")] = None,
    json: AsJson = False,
) -> None:
    """Give a meter its configuration. Without --answer: fetch the request by which the gateway enrols it.

    The key is born on the meter and stays there. A Wi-Fi's password is asked for, or taken from SKERRY_WIFI_PASSWORD.
    Exit status 1 if it could not be done; the same command can be repeated.
    """
    with plainly():
        text = config.read_text(encoding="utf-8")
        document = configuration.read(text, config.name)
        if answer is not None:
            document = configuration.answered(document, answer.read_bytes())
        if configuration.wants_password(document):
            password = os.environ.get(_SECRET) or typer.prompt("Password of the Wi-Fi", hide_input=True, err=True)
            document = configuration.with_password(document, password)
        with Board(port) as board:
            valid = configuration.checked(document, text, config.name, board.interpreter().platform)
            found = run(board, valid, answer is not None)
            request = config.with_name(f"{found.meter}.request.json")
            if answer is not None:
                _same_key(request, found)
                board.restart()
        request.write_text(found.document + "\n", encoding="ascii")
        if json:
            said = {
                "meter": found.meter,
                "fingerprint": found.fingerprint,
                "request": str(request),
                "enrolled": answer is not None,
            }
            typer.echo(encoder.dumps(said))
        elif answer is None:
            typer.echo(
                f"{found.meter}, key {found.fingerprint}. On the gateway: skerry gateway enrol SITE {request} --token TOKEN"
            )
        else:
            typer.echo(f"{found.meter}, key {found.fingerprint}, has its gateway's answer and starts.")


def _same_key(request: Path, found: Identity) -> None:
    """BoardError if the request that was answered is of another board's key."""
    asked = encoder.loads(request.read_text(encoding="ascii"))["public"] if request.exists() else found.public
    if asked != found.public:
        raise BoardError(f"{request} was fetched from another board: plug that one in, or enrol this one. It was not started")
