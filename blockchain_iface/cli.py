"""``skerry ledger ...`` and ``skerry statement``: reading a ledger file, whether the gateway runs or not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from firmware.wire import cose
from firmware.wire.fields import WireError

from . import block, statement, verify
from .archive import Archive
from .ledger import Corrupt, Head, LedgerError
from .state import describe

app = typer.Typer(no_args_is_help=True, help="Check and read a ledger file, with or without its gateway.")
PathArgument = Annotated[Path, typer.Argument(help="The ledger file, or the site's directory.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Turn what may be wrong with a file into one sentence and exit status 1."""
    try:
        yield
    except (LedgerError, statement.UnknownAccount) as error:
        Console(stderr=True, highlight=False).print(f"[red]not in order[/]: {error}")
        raise typer.Exit(1) from None


def _utc(seconds: int | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _tokens(micro: int) -> str:
    return f"{'-' if micro < 0 else ''}{abs(micro) // 1_000_000}.{abs(micro) % 1_000_000:06d}"


@app.command("verify")
def verify_command(
    path: PathArgument,
    key: Annotated[str, typer.Option(help="The shadow centre's public key, 128 hex digits, if you have it.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Check every hash, signature, certificate and balance, and name the first wrong entry."""
    with _said_plainly():
        archive = Archive(path)
        columns = TextColumn("checking"), BarColumn(), MofNCompleteColumn(), TextColumn("entries")
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=archive.count())
            findings = verify.verify(archive, _key(key), lambda done: bar.update(task, completed=done))
    if as_json:
        print(json.dumps(asdict(findings)))
        return
    console = Console(highlight=False)
    console.print(f"[green]in order[/]: {findings.entries} entries in {findings.blocks} blocks of site {findings.site}")
    console.print(f"  {findings.certificates} certificates, {findings.events} events, {findings.settlements} settled intervals")
    console.print(f"  {_tokens(findings.circulating)} tokens in circulation, equal to the sum of all balances")
    console.print(f"  shadow centre {findings.key[:16]}..., root {findings.root[:16]}...")


def _key(text: str) -> bytes | None:
    if not text:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 64:
        raise typer.BadParameter("the key is 128 hex digits, X followed by Y")
    return key


@app.command("blocks")
def blocks_command(path: PathArgument, as_json: JsonOption = False) -> None:
    """List the blocks: height, time, entries, root."""
    with _said_plainly():
        heads = [_head(stored.data, stored.height) for stored in Archive(path).blocks()]
    counts = [head.size - before for head, before in zip(heads, [0, *(head.size for head in heads)], strict=False)]
    if as_json:
        rows = [{**asdict(head), "entries": count, "root": head.root.hex()} for head, count in zip(heads, counts, strict=True)]
        print(json.dumps(rows))
        return
    table = Table("height", "time (UTC)", "entries", "size", "root")
    for head, count in zip(heads, counts, strict=True):
        table.add_row(str(head.height), _utc(head.time), str(count), str(head.size), head.root.hex()[:16])
    Console().print(table)


def _head(data: bytes, height: int) -> Head:
    try:
        return block.parse(cose.parse(data)).head
    except WireError as error:
        raise Corrupt(f"block {height}: {error}") from None


@app.command("show")
def show_command(
    path: PathArgument,
    entry: Annotated[str, typer.Argument(help="An entry's index, or the first hex digits of its id.")],
) -> None:
    """Show one entry in full, as JSON."""
    with _said_plainly():
        found = Archive(path).find(entry)
        if found is None:
            raise LedgerError(f"no single entry matches {entry}")
        print(json.dumps({"index": found.index, "height": found.height, **describe.describe(found.data)}, indent=2))


def statement_command(
    meter: Annotated[str, typer.Argument(help="The meter's id, for example home-1.")],
    ledger: Annotated[Path, typer.Option(help="The ledger file, or the site's directory.")],
    as_json: JsonOption = False,
) -> None:
    """Print a meter's bill, line by line, worked out again from the ledger's entries."""
    with _said_plainly():
        rows = list(statement.lines(Archive(ledger).entries(), meter))
    if as_json:
        print(json.dumps([asdict(line) for line in rows]))
        return
    for text in _bill(meter, rows):
        print(text)


def _bill(meter: str, rows: list[statement.Line]) -> Iterator[str]:
    """The bill as text of at most 80 columns."""
    layout = "{:8}  {:28.28}{:>8}{:1} {:>8} {:>11} {:>11}"
    yield f"Statement of {meter}"
    yield layout.format("interval", "", "Wh", "", "a kWh", "tokens", "balance")
    day = ""
    for line in rows:
        date, _, time = _utc(line.t0).partition(" ")
        if date and date != day:
            day = date
            yield f"{day} (UTC)"
        wh, price = ("" if line.wh is None else str(line.wh)), ("" if line.price is None else _tokens(line.price))
        yield layout.format(time, line.text, wh, line.mark, price, _tokens(line.amount), _tokens(line.balance)).rstrip()
    yield "* provisional: the meter is silent, its schedule stands in"
    yield "+ certified as part of a longer span, spread evenly over it"
    yield f"{len(rows)} lines; balance {_tokens(rows[-1].balance if rows else 0)} tokens"
