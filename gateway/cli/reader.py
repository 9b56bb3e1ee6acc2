"""`skerry gateway reader`: a certificate for Home Assistant, which may read what the meters say and write nothing."""

from pathlib import Path
from typing import Annotated

import typer

from ..site import Site, SiteError
from .conventions import Directory, plainly

app = typer.Typer()


@app.command()
def reader(
    directory: Directory,
    files: Annotated[Path, typer.Argument(help="A new directory for ca.pem, reader.pem and reader.key.")],
) -> None:
    """Let Home Assistant read what the meters say of themselves. `skerry gateway revoke SITE reader` shuts it out again."""
    with plainly():
        site = Site(directory)
        if not site.settings().home_assistant.enabled:
            raise SiteError("nobody would tell it of any meter: set enabled = true under [home_assistant] in site.toml first")
        site.reader(files)
        broker = site.settings().broker
        typer.echo(
            f"In Home Assistant's MQTT settings: broker {broker.addresses[0]}, port {broker.port}, no user, no password; from "
            f"{files} ca.pem as the broker's authority, reader.pem and reader.key as its own. The gateway must be started anew "
            "after a change of site.toml."
        )
