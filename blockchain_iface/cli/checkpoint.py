"""``skerry ledger checkpoint``: the newest head, for other gateways to cosign and for anyone to keep."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..archive import Archive
from ..checkpoint import Checkpoint
from ..document import read
from ..prove import checkpoint
from ..signatures import Verifier
from .terminal import OutOption, PathArgument, said_plainly, write


def command(
    path: PathArgument,
    since: Annotated[Path | None, typer.Option(help="The checkpoint that the other side saw last.")] = None,
    out: OutOption = Path("-"),
) -> None:
    """Write the newest signed head, and the proof that it goes on from the one that somebody saw last."""
    with said_plainly():
        last = None if since is None else read(since.read_bytes(), [Checkpoint])
        made = checkpoint(Archive(path), last, Verifier())
        write(out, made.to_json(), made.to_cbor())
    if str(out) != "-":
        Console(highlight=False).print(f"{made.check(Verifier()).head.size} entries, signed, in {out}", soft_wrap=True)
