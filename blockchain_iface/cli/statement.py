"""``skerry statement``: a meter's bill."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .. import statement
from ..archive import Archive
from ..ledger import Entry
from .terminal import JsonOption, progress, said_plainly
from .words import tokens, utc

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def command(
    meter: Annotated[str, typer.Argument(help="The meter's id, for example home-1.")],
    ledger: Annotated[Path, typer.Option(help="The ledger file, or the site's directory.")],
    as_json: JsonOption = False,
) -> None:
    """Print a meter's bill, line by line, worked out again from the ledger's entries."""
    with said_plainly():
        rows = list(_lines(Archive(ledger), meter))
    if as_json:
        print(json.dumps([asdict(line) for line in rows]))
        return
    for text in _bill(meter, rows):
        print(text)


def _lines(archive: Archive, meter: str) -> Iterator[statement.Line]:
    with progress("reading", archive.count()) as done:

        def counted() -> Iterator[Entry]:
            for entry in archive.entries():
                yield entry
                done(entry.index + 1)

        yield from statement.lines(counted(), meter)


def _bill(meter: str, rows: list[statement.Line]) -> Iterator[str]:
    """The bill as text of at most 80 columns."""
    layout = "{:8}  {:28.28}{:>8}{:1} {:>8} {:>11} {:>11}"
    yield f"Statement of {meter}"
    yield layout.format("interval", "", "Wh", "", "a kWh", "tokens", "balance")
    day = ""
    for line in rows:
        date, _, time = utc(line.t0).partition(" ")
        if date and date != day:
            day = date
            yield f"{day} (UTC)"
        wh, price = ("" if line.wh is None else str(line.wh)), ("" if line.price is None else tokens(line.price))
        yield layout.format(time, line.text, wh, line.mark, price, tokens(line.amount), tokens(line.balance)).rstrip()
    yield "* provisional: the meter is silent or in quarantine, its schedule stands in"
    yield "+ certified as part of a longer span, spread evenly over it"
    yield f"{len(rows)} lines; balance {tokens(rows[-1].balance if rows else 0)} tokens"
