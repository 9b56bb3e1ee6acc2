"""`skerry gateway approve`: a second person's word, for orders that would cut off many meters."""

import time
from typing import Annotated

import typer

from .. import progress
from ..adapters.orders import CommandOrder
from ..site import Site, SiteError
from .conventions import POLL_S, Directory, Wait, plainly, site_of_caller

app = typer.Typer()


@app.command()
def approve(
    directory: Directory,
    names: Annotated[list[str] | None, typer.Argument(help="The orders; without them, what waits is listed.")] = None,
    wait: Wait = 5,
) -> None:
    """Approve orders as a second person, who shows a key: by SKERRY_KEY, or when asked for it."""
    with plainly():
        if not names:
            _list(Site(directory))
            return
        site = site_of_caller(directory, must_show=True)
        approvals = {name: site.approve(name) for name in names}
        until = time.monotonic() + wait
        while any(_is_open(site, *each) for each in approvals.items()) and time.monotonic() < until:
            time.sleep(POLL_S)
        for name in names:
            typer.echo(f"{name} is still held." if site.is_held(name) else f"{name} goes out.")
        refused = {reason for approval in approvals.values() if (reason := site.refusal(approval))}
        if refused:
            raise SiteError("; ".join(sorted(refused)))


def _is_open(site: Site, name: str, approval: str) -> bool:
    return site.is_held(name) and site.refusal(approval) is None


def _list(site: Site) -> None:
    for order in (progress.find(site, name) for name in site.held()):
        if order is not None and isinstance(order.order, CommandOrder):
            typer.echo(f"{order.name} {order.order.meter} {' '.join(order.order.words)}, by {order.order.by.name}")
