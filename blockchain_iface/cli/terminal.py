"""What the commands share: their arguments, plain sentences for what goes wrong, progress, and where files go."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..document import EvidenceError
from ..ledger import LedgerError
from .words import key_from_hex

PathArgument = Annotated[Path, typer.Argument(help="The ledger file, or the site's directory.")]
EntryArgument = Annotated[str, typer.Argument(help="An entry's index, or the first hex digits of its id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
KeyOption = Annotated[str, typer.Option(help="The shadow centre's public key, 128 hex digits, if you have it.")]
OutOption = Annotated[Path, typer.Option("--out", help="Where to write it: .json for people, any other name for CBOR.")]


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turn what may be wrong with a file into one sentence and exit status 1."""
    try:
        yield
    except BrokenPipeError:
        # whoever read along has seen enough; nothing may be written any more, not even at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (LedgerError, EvidenceError, OSError) as error:
        Console(stderr=True, highlight=False).print(f"[red]not in order[/]: {error}", soft_wrap=True)
        raise typer.Exit(1) from None


@contextmanager
def progress(doing: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while a long work goes on, where a person looks on; yields what to call with the number done."""
    columns = TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn("entries"), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def public_key(text: str) -> bytes | None:
    """The key that an option gives, 64 bytes, or None if it was left out."""
    try:
        return key_from_hex(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def write(out: Path, as_json: str, as_cbor: bytes) -> None:
    """Write a file of evidence in the form that its name asks for; ``-`` prints JSON."""
    if str(out) == "-":
        sys.stdout.write(as_json)
    elif out.suffix == ".json":
        out.write_text(as_json)
    else:
        out.write_bytes(as_cbor)
