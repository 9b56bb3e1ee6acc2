"""What all commands of `skerry meter` share: their arguments, and how they fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from . import errors

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@contextmanager
def plainly() -> Iterator[None]:
    """An expected error is one sentence and exit status 1; anything else is a defect and shows where."""
    try:
        yield
    except errors.BenchError as error:
        typer.echo(f"meter: {error}", err=True)
        raise typer.Exit(errors.FAILED) from None
