"""`skerry gateway token|enrol|update`: which meters belong to the site, and what they run."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .. import updating
from ..core import api_key
from ..site import Site, SiteError
from .conventions import POLL_S, Directory, Wait, plainly, site_of_caller

app = typer.Typer()


class Role(StrEnum):
    """What a meter measures. The feeder is the island's boundary and has no account."""

    WIND = "wind"
    HOUSE = "house"
    STORAGE = "storage"
    LOAD = "load"
    FEEDER = "feeder"


@app.command()
def token(
    directory: Directory,
    meter: Annotated[str, typer.Argument(help="The meter's name.")],
    name: Annotated[str | None, typer.Option(help="What people call the meter.")] = None,
    role: Annotated[Role | None, typer.Option(help="What it measures.")] = None,
    place: Annotated[str | None, typer.Option(help="Where it is.")] = None,
) -> None:
    """Print a token by which a meter may be enrolled, once and within 15 minutes; for one that is, to renew its certificate."""
    with plainly():
        typer.echo(site_of_caller(directory).token(meter, name, role.value if role else None, place))


@app.command()
def enrol(
    directory: Directory,
    identity: Annotated[Path, typer.Argument(help="What the meter prints with --identity.")],
    token: Annotated[str, typer.Option(help="The operator's token for this meter.")],
    wait: Wait = 5,
) -> None:
    """Hand a meter's identity and its token to the gateway, and say where its answer lies."""
    with plainly():
        site = site_of_caller(directory)
        tell_answer(site, site.apply(identity.read_bytes(), token), wait)


def tell_answer(site: Site, application: Path, wait_s: float) -> None:
    """Wait for the answer to an application and say where it lies. SiteError with the reason if it is refused."""
    until = time.monotonic() + wait_s
    while (answer := site.answer(application)) is None and time.monotonic() < until:
        time.sleep(POLL_S)
    if answer is None:
        typer.echo(f"{application} waits for the gateway.")
    else:
        typer.echo(f"{application.stem} is enrolled. Carry {answer} to the meter.")


@app.command()
def update(
    directory: Directory,
    release: Annotated[Path, typer.Argument(help="The release: an archive of `python -m tools.release`.")],
    meters: Annotated[list[str], typer.Argument(help="The meters that are to run it.")],
) -> None:
    """Have meters run another release, and show what they say of it. Ctrl-C ends the showing only."""
    with plainly():
        site = site_of_caller(directory, api_key.Role.ADMINISTRATOR)
        after = updating.newest(site)
        version = site.update(release.read_bytes(), meters)
        typer.echo(f"Version {version} is offered to {', '.join(meters)} as soon as the gateway and they are there.")
        for line in updating.follow(site, meters, after):
            typer.echo(line)
        inbox = site.updates
        refused = [f"{meter}: {reason}" for meter in meters if (reason := inbox.reason(inbox.path(meter)))]
        if refused:
            raise SiteError(f"not updated: {'; '.join(refused)}")
