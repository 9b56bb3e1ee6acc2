"""`skerry gateway cosign` and `witnessed`: this gateway as another ledger's witness, and others as this one's."""

import time
from pathlib import Path
from typing import Annotated

import typer

from ..site import Site
from ..witness import witness, witnessed
from .conventions import Directory, plainly

app = typer.Typer()


@app.command()
def cosign(
    directory: Directory,
    checkpoint: Annotated[Path, typer.Argument(help="Another ledger's head, from `skerry ledger checkpoint`.")],
    out: Annotated[Path | None, typer.Option(help="Where to write it; without it, over the one given.")] = None,
) -> None:
    """Vouch for another ledger's head, if it goes on from the one this gateway vouched for last."""
    with plainly():
        signed = witness(Site(directory), checkpoint.read_bytes(), int(time.time()))
        target = out or checkpoint
        target.write_bytes(signed.to_json().encode() if target.suffix == ".json" else signed.to_cbor())
        typer.echo(f"Cosigned: {target}. The next one must go on from it: hand it to `skerry ledger checkpoint --since`.")


@app.command("witnessed")
def record(
    directory: Directory,
    checkpoint: Annotated[Path, typer.Argument(help="A head of this site's ledger that another gateway has cosigned.")],
) -> None:
    """Have it put on the ledger who has vouched for one of its heads."""
    with plainly():
        names = witnessed(Site(directory), checkpoint.read_bytes())
        typer.echo(f"Cosigned by {', '.join(names)}. The gateway records it.")
