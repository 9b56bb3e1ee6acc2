"""``skerry ledger audit``: two parties' heads, compared."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..audit import Consistent, Party, Undecided, audit, parting
from ..signatures import Verifier
from ..witness import Conviction, Sighting
from .terminal import JsonOption, said_plainly, write

_CONTRADICTED, _UNDECIDED = 1, 3
_Source = Annotated[Path, typer.Argument(help="A ledger file or its site, a checkpoint, a receipt, or a meter's certificate.")]


def command(
    first: _Source,
    second: _Source,
    out: Annotated[Path, typer.Option(help="Where to write what convicts the operator.")] = Path("conviction.json"),
    as_json: JsonOption = False,
) -> None:
    """Prove that two parties were shown one ledger, or write the signed heads that convict the operator.

    Status 0: consistent. 1: not, or a file is not in order. 3: what they brought decides nothing.
    """
    with said_plainly():
        parties = Party(first, Verifier()), Party(second, Verifier())
        verdict = audit(*parties, Verifier())
        if isinstance(verdict, Conviction | Sighting):
            write(out, verdict.to_json(), verdict.to_cbor())
        words = _words(verdict, parties, out)
    if as_json:
        print(json.dumps({"verdict": type(verdict).__name__.lower(), "says": words}))
    else:
        Console(highlight=False).print(words, soft_wrap=True)
    if isinstance(verdict, Undecided):
        raise typer.Exit(_UNDECIDED)
    if not isinstance(verdict, Consistent):
        raise typer.Exit(_CONTRADICTED)


def _words(verdict: Consistent | Undecided | Conviction | Sighting, parties: tuple[Party, Party], out: Path) -> str:
    if isinstance(verdict, Consistent):
        return f"consistent: the head of {verdict.smaller} entries is how the one of {verdict.larger} began"
    if isinstance(verdict, Undecided):
        return f"undecided: {verdict.reason}"
    shown = verdict.check(Verifier())
    place = ""
    mine, theirs = parties[0].archive, parties[1].archive
    if isinstance(verdict, Conviction) and mine is not None and theirs is not None:
        place = f"; they part at entry {parting(mine, theirs)}"
    who = f"meter {shown.witness} signed that it saw" if shown.witness else f"the operator of {shown.site} signed"
    return (
        f"not consistent: {who} {shown.size} entries with root {shown.signed.hex()[:16]}, and the operator signed "
        f"{shown.head.size} entries that began with root {shown.actual.hex()[:16]}{place}. The evidence is in {out}."
    )
