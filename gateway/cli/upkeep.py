"""`skerry gateway health`: how the running gateway is doing."""

import json

import typer

from ..monitoring.asking import ask
from ..site import Site
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
