"""``skerry ledger export``: all entries as lines of JSON."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..archive import Archive
from ..state import describe
from .terminal import PathArgument, progress, said_plainly


def command(
    path: PathArgument,
    out: Annotated[Path | None, typer.Option(help="The file to write; without it, to standard output.")] = None,
    after: Annotated[int, typer.Option(help="Leave out entries up to this index.")] = -1,
) -> None:
    """Write the entries as lines of JSON: index, height, what each says, and its bytes in hex."""
    with said_plainly():
        archive = Archive(path)
        target = sys.stdout if out is None else out.open("w")
        with progress("exporting", archive.count()) as done:
            for entry in archive.entries(after):
                place = {"index": entry.index, "height": entry.height}
                target.write(json.dumps({**place, **describe.describe(entry.data), "bytes": entry.data.hex()}) + "\n")
                done(entry.index + 1)
        if out is not None:
            target.close()
