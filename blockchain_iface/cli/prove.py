"""``skerry ledger prove``: the standalone receipt of one entry."""

from pathlib import Path

from rich.console import Console

from ..archive import Archive
from ..prove import prove
from ..signatures import Verifier
from .terminal import EntryArgument, OutOption, PathArgument, said_plainly, write


def command(path: PathArgument, entry: EntryArgument, out: OutOption = Path("-")) -> None:
    """Write all it takes to check one entry without the gateway: `skerry verify` reads it, docs/receipts.md explains it."""
    with said_plainly():
        archive = Archive(path)
        found = archive.named(entry)
        bundle = prove(archive, found, Verifier())
        write(out, bundle.to_json(), bundle.to_cbor())
    if str(out) != "-":
        Console(highlight=False).print(f"entry {found.index} is proven by {out}", soft_wrap=True)
