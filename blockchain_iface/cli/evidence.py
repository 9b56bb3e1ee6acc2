"""Checks receipts and other files of evidence by themselves: no gateway, no ledger.

``skerry verify``, or ``python -m blockchain_iface.cli.evidence`` where nothing is compiled: of other people's packages it takes
``ecdsa`` and ``rich``, which are pure Python (Typer is not: it stands on pydantic).
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from firmware.wire.fields import WireError

from ..bundle import Bundle, Checked
from ..checkpoint import Checkpoint, Seen
from ..document import EvidenceError, read
from ..ecdsa_signatures import EcdsaVerifier
from ..witness import Contradiction, Conviction, Sighting
from .words import key_from_hex, sentence, utc

_Evidence = Bundle | Checkpoint | Conviction | Sighting


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one file proves; ``reason`` says why, if it proves nothing."""

    file: str
    proven: bool
    kind: str = ""
    operator: str = ""
    says: str = ""
    place: str = ""
    reason: str = ""


def main(args: Sequence[str] | None = None, prog_name: str = "python -m blockchain_iface.cli.evidence") -> None:
    """Check files of evidence by themselves. Exit status 0 if all of them hold, 1 if one does not."""
    parser = ArgumentParser(prog=prog_name, description="Check receipts and other files of evidence by themselves.")
    parser.add_argument("files", nargs="+", type=Path, help="what `skerry ledger prove` and `skerry ledger audit` wrote")
    parser.add_argument("--key", type=_key, help="the operator's public key, 128 hex digits, if you have it")
    parser.add_argument("--json", action="store_true", help="print JSON for scripts")
    options = parser.parse_args(args)
    verdicts = [_judge(path, options.key) for path in options.files]
    if options.json:
        print(json.dumps([asdict(verdict) for verdict in verdicts], indent=2))
    else:
        _print(verdicts, options.key is not None)
    sys.exit(0 if all(verdict.proven for verdict in verdicts) else 1)


def _key(text: str) -> bytes:
    try:
        return key_from_hex(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _judge(path: Path, key: bytes | None) -> Verdict:
    verifier = EcdsaVerifier()
    try:
        document: _Evidence = read(path.read_bytes(), [Bundle, Checkpoint, Conviction, Sighting])
        if isinstance(document, Bundle):
            operator, says, place = _receipt(document.check(verifier))
        elif isinstance(document, Checkpoint):
            operator, says, place = _checkpoint(document.check(verifier))
        else:
            operator, says, place = _contradiction(document.check(verifier))
        if key is not None and operator != key:
            raise EvidenceError("the operator's key is another one than you gave")
    except (EvidenceError, WireError, OSError) as error:
        return Verdict(str(path), False, reason=str(error))
    return Verdict(str(path), True, document.KIND, operator.hex(), says, place)


def _receipt(checked: Checked) -> tuple[bytes, str, str]:
    head = checked.head
    place = f"entry {checked.index} of {checked.site}, block {head.height}, {utc(head.time)} UTC"
    return checked.operator, sentence(checked.statement), place


def _checkpoint(seen: Seen) -> tuple[bytes, str, str]:
    since = "" if seen.previous is None else f", goes on from {seen.previous.size}"
    witnesses = ", ".join(site for site, _ in seen.witnesses) or "nobody"
    says = f"{seen.head.size} entries{since}; cosigned by {witnesses}"
    return seen.operator.public, says, f"block {seen.head.height} of {seen.operator.site}, {utc(seen.head.time)} UTC"


def _contradiction(shown: Contradiction) -> tuple[bytes, str, str]:
    who = f"meter {shown.witness} saw another history" if shown.witness else "the operator signed two histories"
    says = f"{who}: {shown.size} entries under {shown.signed.hex()[:16]}, and under {shown.actual.hex()[:16]}"
    return shown.operator, says, f"block {shown.head.height} of {shown.site}, {utc(shown.head.time)} UTC"


def _print(verdicts: list[Verdict], key_given: bool) -> None:
    table = Table("file", "verdict", "what it says", "where it stands")
    for verdict in verdicts:
        word = "[green]proven[/]" if verdict.proven else "[red]not proven[/]"
        table.add_row(Path(verdict.file).name, word, verdict.says or verdict.reason, verdict.place)
    console = Console(highlight=False)
    console.print(table)
    if not key_given:
        for operator in sorted({verdict.operator for verdict in verdicts if verdict.operator}):
            console.print(f"The operator's key was taken from the file; compare it with what you know:\n{operator}")


if __name__ == "__main__":
    main()
