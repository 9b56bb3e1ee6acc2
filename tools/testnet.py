"""``skerry ledger testnet``: the sites of several microgrids on this machine, whose shadow centres keep one ledger."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from blockchain_iface.cometbft import network
from blockchain_iface.engines.cometbft import HOME
from blockchain_iface.engines.opening import Engine
from gateway.adapters import keystore
from gateway.adapters.broker import free_port
from gateway.site import Site, SiteError


def create(directory: Path, nodes: int, interval_s: int) -> list[Site]:
    """Write ``nodes`` sites and their nodes' homes under ``directory``. SiteError if one is there already."""
    sites = [Site(directory / f"isle-{number}") for number in range(1, nodes + 1)]
    for site in sites:
        site.create(site.root.name, interval_s, 3 * interval_s, Engine.COMETBFT)
    members = [
        network.Member(site.root.name, keystore.load(site.keys).public, site.root / HOME, free_port(), free_port())
        for site in sites
    ]
    network.create(members, f"skerry-{secrets.token_hex(4)}", datetime.now(UTC))
    return sites


def command(
    directory: Annotated[Path, typer.Option("--dir", help="Where the sites go, one folder each.")],
    nodes: Annotated[int, typer.Option(min=1, max=16, help="How many shadow centres; 3 f + 1 of them stand f liars.")] = 4,
    interval: Annotated[int, typer.Option(min=1, max=86400, help="Seconds that are settled at once.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write the configuration of several shadow centres that keep one ledger, all on this machine."""
    try:
        sites = create(directory, nodes, interval)
    except SiteError as error:
        typer.echo(f"testnet: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps([str(site.root) for site in sites]))
        return
    typer.echo(f"{nodes} sites, more than two thirds of which must run. Start each in a terminal of its own:")
    for site in sites:
        typer.echo(f"  skerry gateway run {site.root}")
