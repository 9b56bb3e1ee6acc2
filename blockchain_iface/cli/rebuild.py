"""``skerry ledger rebuild``: a new file out of a damaged one."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .. import rebuild
from ..archive import Archive
from .terminal import PathArgument, progress, said_plainly


def command(path: PathArgument, new: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write what a damaged ledger file still holds to a new one, and verify it. The old file stays as it is."""
    with said_plainly():
        archive = Archive(path)
        with progress("rebuilding", None) as done:
            findings, damage = rebuild.rebuild(archive, new, done)
    console = Console(highlight=False)
    if findings is not None:
        console.print(f"[green]in order[/]: {new} holds {findings.entries} entries in {findings.blocks} blocks")
    if damage is not None:
        console.print(f"[red]not whole[/]: {damage}", soft_wrap=True)
        console.print("Keep both files as evidence. No gateway may go on from here: later receipts would be contradicted.")
        raise typer.Exit(1)
    console.print("Nothing is lost: with the gateway stopped, put it in the old file's place.")
