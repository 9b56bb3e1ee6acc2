"""``skerry ledger blocks``: the chain of heads."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from ..archive import Archive
from .terminal import JsonOption, PathArgument, progress, said_plainly
from .words import utc


def command(path: PathArgument, as_json: JsonOption = False) -> None:
    """List the blocks: height, time, entries, root."""
    with said_plainly():
        archive, heads = Archive(path), []
        with progress("reading", archive.count()) as done:
            for stored in archive.blocks():
                heads.append(stored.head())
                done(stored.size)
    counts = [head.size - before for head, before in zip(heads, [0, *(head.size for head in heads)], strict=False)]
    if as_json:
        rows = [{**asdict(head), "entries": count, "root": head.root.hex()} for head, count in zip(heads, counts, strict=True)]
        print(json.dumps(rows))
        return
    table = Table("height", "time (UTC)", "entries", "size", "root")
    for head, count in zip(heads, counts, strict=True):
        table.add_row(str(head.height), utc(head.time), str(count), str(head.size), head.root.hex()[:16])
    Console().print(table)
