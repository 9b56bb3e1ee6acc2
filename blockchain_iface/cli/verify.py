"""``skerry ledger verify``: every hash, signature, certificate and balance of a file."""

import json
from dataclasses import asdict

from rich.console import Console

from .. import verify
from ..archive import Archive
from .terminal import JsonOption, KeyOption, PathArgument, progress, public_key, said_plainly
from .words import tokens


def command(path: PathArgument, key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Check every hash, signature, certificate and balance, and name the first wrong entry."""
    with said_plainly():
        archive = Archive(path)
        with progress("checking", archive.count()) as done:
            findings = verify.verify(archive, public_key(key), done)
    if as_json:
        print(json.dumps(asdict(findings)))
        return
    console = Console(highlight=False)
    console.print(f"[green]in order[/]: {findings.entries} entries in {findings.blocks} blocks of site {findings.site}")
    console.print(f"  {findings.certificates} certificates, {findings.events} events, {findings.settlements} settled intervals")
    console.print(f"  {tokens(findings.circulating)} tokens in circulation, equal to the sum of all balances")
    console.print(f"  {findings.seen} certificates name a head that their meter had seen, and it is in this history")
    if findings.vouched:
        console.print(f"  {findings.vouched} cosignatures of other gateways, of heads in this history")
    if findings.foreign:
        console.print(f"  [yellow]{findings.foreign} certificates name a head that is not in this history[/]: compare with")
        console.print("  other copies of the ledger and with the meters' receipts; skerry ledger export shows the sightings")
    console.print(f"  shadow centre {findings.key[:16]}..., root {findings.root[:16]}...")
