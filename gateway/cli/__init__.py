"""Command line of the gateway: `skerry gateway`, or `python -m gateway`."""

import typer

from . import approving, keys, meters, orders, reader, register, running, upkeep, witnessing

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def gateway() -> None:
    """Run a site's shadow centre, and enrol meters in it."""


for _part in (running, upkeep, meters, register, orders, approving, keys, reader, witnessing):
    app.add_typer(_part.app)
