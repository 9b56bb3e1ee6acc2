"""`skerry gateway cosign`: this gateway as another ledger's witness."""

import time
from pathlib import Path
from typing import Annotated

import typer

from ..site import Site
from ..witness import witness
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
