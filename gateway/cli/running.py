"""`skerry gateway init|run|status|unit`: a site's beginning, and its gateway."""

import json
import sys
from functools import partial
from typing import Annotated, Any

import structlog
import typer

from blockchain_iface.engines.opening import Engine

from ..adapters import logs
from ..service import run
from ..site import Site
from ..systemd.unit import unit
from .conventions import AsJson, Directory, plainly

app = typer.Typer()
_log = structlog.get_logger()


@app.command()
def init(
    directory: Directory,
    site: Annotated[str, typer.Option(help="The site's name: 1 to 32 of a-z, 0-9 and -.")],
    interval: Annotated[int, typer.Option(min=1, max=86400, help="Seconds that are settled at once.")] = 10,
    deadline: Annotated[int | None, typer.Option(min=1, help="Seconds a silent meter may hold up the others.")] = None,
) -> None:
    """Begin a new site."""
    with plainly():
        Site(directory).create(site, interval, deadline or 3 * interval)
        typer.echo(f"Site {site} begins in {directory}. Its tariff is in {directory / 'site.toml'}: the first run fixes it.")


@app.command("run")
def run_gateway(
    directory: Directory,
    engine: Annotated[Engine | None, typer.Option(help="What orders the ledger's entries, if not as site.toml says.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Log JSON lines on a terminal, too.")] = False,
) -> None:
    """Run the gateway until Ctrl-C."""
    logs.configure(as_json or not sys.stderr.isatty())
    with plainly(lambda reason: _log.critical("the gateway cannot run", reason=reason)):
        run(directory, partial(_serve, Site(directory)), engine)


def _serve(*told: Any) -> None:
    from ..web import serve  # noqa: PLC0415 - takes a second to load, and metering does not wait for it

    serve(*told)


@app.command()
def status(directory: Directory, as_json: AsJson = False) -> None:
    """Say whether the gateway runs, and where it answers."""
    with plainly():
        running = Site(directory).status()
    if as_json:
        typer.echo(json.dumps(running))
    elif running["running"]:
        broker = running["broker"]
        typer.echo(
            f"The gateway runs: dashboard {running['dashboard']}, {broker['kind']} on {broker['host']}:{broker['port']}."
        )
    else:
        typer.echo("The gateway does not run.")


@app.command("unit")
def print_unit(directory: Directory) -> None:
    """Print a systemd unit for this site on this machine: write it to /etc/systemd/system/skerry.service."""
    with plainly():
        typer.echo(unit(Site(directory)), nl=False)
