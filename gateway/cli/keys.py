"""`skerry gateway key add|list|remove`: who may ask the gateway over HTTP, and for what."""

import time
from typing import Annotated

import typer

from ..core.api_key import Role
from ..site import Site
from .conventions import Directory, plainly, site_of_caller

app = typer.Typer()
key = typer.Typer(no_args_is_help=True)
app.add_typer(key, name="key", help="Give and take the keys of people and machines.")

Name = Annotated[str, typer.Argument(help="Whose key it is: one person has one.")]


@key.command()
def add(
    directory: Directory,
    name: Name,
    role: Annotated[Role, typer.Option(help="What it is for; each role may do what those before it may.")],
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    with plainly():
        site = site_of_caller(directory, Role.ADMINISTRATOR)
        typer.echo(site.add_key(name, role))


@key.command("list")
def list_keys(directory: Directory) -> None:
    """List whose keys there are, and what they are for."""
    with plainly():
        site = Site(directory)
        site.settings()
        for each in site.api_keys.all():
            typer.echo(f"{each.name:32} {each.role:13} {time.strftime('%Y-%m-%d %H:%M', time.gmtime(each.created))} UTC")


@key.command()
def remove(directory: Directory, name: Name) -> None:
    """Take a key away, at once; its sessions end with it."""
    with plainly():
        site = site_of_caller(directory, Role.ADMINISTRATOR)
        site.remove_key(name)
