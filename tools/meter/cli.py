"""`skerry meter`: the technician's commands, each the shell of one step."""

import typer

from . import logs, status
from .flash import command as flash
from .install import command as install
from .provision import command as provision
from .scan import command as scan

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def meter() -> None:
    """Bring a meter from a bare board to acceptance, step by step."""


app.add_typer(flash.app)
app.add_typer(install.app)
app.add_typer(logs.app)
app.add_typer(provision.app)
app.add_typer(scan.app)
app.add_typer(status.app)
