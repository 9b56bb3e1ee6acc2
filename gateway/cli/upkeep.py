"""`skerry gateway health|backup|restore|accept`: how the gateway is doing, and its second life on another machine."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .. import backup
from ..monitoring.asking import ask
from ..site import Site, now
from .conventions import AsJson, Directory, plainly

app = typer.Typer()


@app.command()
def health(directory: Directory, as_json: AsJson = False) -> None:
    """Say how the gateway is doing, and what to do about it. Exit status 0 if it is well."""
    with plainly():
        report = ask(Site(directory))
    if as_json:
        typer.echo(json.dumps(report))
    else:
        for check in report["checks"]:
            typer.echo(f"{'well' if check['well'] else 'RED':4}  {check['name']:8}  {check['says']}")
            if check["do"]:
                typer.echo(f"                {check['do']}")
    if not report["well"]:
        raise typer.Exit(1)


@app.command("backup")
def back_up(directory: Directory, file: Annotated[Path, typer.Argument(help="The archive to write.")]) -> None:
    """Write a copy of the site to one file, while the gateway runs."""
    with plainly():
        entries = backup.back_up(Site(directory), file, now())
        typer.echo(
            f"{file} holds the site with {entries} entries of its ledger, and its private keys: keep it as you keep those."
        )


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="An archive of `backup`, or a standby's directory.")],
    directory: Annotated[Path, typer.Argument(help="The new site's directory.")],
) -> None:
    """Put a site back from a copy, on whatever machine. The old one must never run again."""
    with plainly():
        entries = backup.restore(source, directory, now())
        typer.echo(
            f"{directory} holds the site with {entries} entries. `skerry gateway run` hears the meters first: none may have a "
            "receipt for what this copy lacks."
        )


@app.command()
def accept(directory: Directory) -> None:
    """Have a restored site go on without the meters that have not been heard. They convict it if they hold later receipts."""
    with plainly():
        site = Site(directory)
        site.note("accept", site.settings().site)
        site.restored.unlink(missing_ok=True)
        typer.echo("The gateway goes on.")
