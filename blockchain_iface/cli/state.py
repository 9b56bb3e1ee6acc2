"""``skerry ledger state``: what the ledger's entries add up to under one key, and the proof of it."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from firmware.wire import cose

from ..archive import Archive
from ..ledger import LedgerError
from ..state.describe import plain
from ..state.proof import prove_state
from ..state.state import State
from .terminal import PathArgument, said_plainly

KEYS: dict[str, tuple[Callable[[str], object], ...]] = {
    "site": (),
    "open": (),
    "meters": (str,),
    "keys": (bytes.fromhex,),
    "points": (str,),
    "chains": (str,),
    "certificates": (str, int),
    "event_chains": (str,),
    "events": (str, int),
    "coverage": (int, str),
    "intervals": (int,),
    "accounts": (str,),
    "totals": (str,),
    "references": (str,),
    "alarms": (str, int, int),
    "sightings": (str, int, bytes.fromhex),
    "given_up": (str,),
    "holds": (str,),
    "leaks": (bytes.fromhex,),
    "commissionings": (str, int),
    "commands": (bytes.fromhex,),
    "answers": (str, bytes.fromhex),
    "actions": (str,),
    "cosigned": (bytes.fromhex, int, bytes.fromhex),
}
"""How the words on the command line make a key of each table."""


def command(
    path: PathArgument,
    table: Annotated[str, typer.Argument(help=f"One of {', '.join(KEYS)}.")],
    key: Annotated[list[str] | None, typer.Argument(help="What to look up, for example home-1, or wind-1 17.")] = None,
    height: Annotated[int | None, typer.Option(help="The block whose state is asked for; the newest without.")] = None,
) -> None:
    """Show one value of the state, and prove with its block's state root that it is there."""
    wanted = _key(table, key or [])
    with said_plainly():
        archive = Archive(path)
        stored = archive.newest() if height is None else archive.block(height)
        site, backing = cose.parse(stored.data).issuer, archive.state(stored)
        proof = prove_state(backing, site, table, wanted)
        if proof is None:
            raise LedgerError(f"{table} holds nothing under {' '.join(key or [])} at height {stored.height}")
        if (proof.slots, proof.root()) != stored.block().state:
            raise LedgerError(f"the state of block {stored.height} cannot be proved: it is pruned, or damaged; try a newer one")
        shown = {
            "value": plain(getattr(State(backing, site), table)[wanted]),
            "written": proof.slot.height,
            "block": stored.height,
            "state_root": proof.root().hex(),
            "proof": proof.encode().hex(),
        }
    print(json.dumps(shown, indent=2))


def _key(table: str, words: list[str]) -> Any:
    kinds = KEYS.get(table)
    if kinds is None:
        raise typer.BadParameter(f"{table} is none of {', '.join(KEYS)}")
    try:
        items = tuple(kind(word) for kind, word in zip(kinds, words, strict=True))
    except ValueError:
        names = " ".join({str: "NAME", int: "NUMBER"}.get(kind, "HEX") for kind in kinds)  # type: ignore[call-overload]
        raise typer.BadParameter(f"a key of {table} is: {names or 'nothing'}") from None
    return items[0] if len(items) == 1 else items
