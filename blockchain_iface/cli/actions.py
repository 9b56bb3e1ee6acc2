"""``skerry ledger actions``: who ordered what of the gateway."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from firmware.wire import cose
from firmware.wire.fields import WireError

from ..archive import Archive
from ..ledger import Corrupt
from ..state.entries import Action
from .terminal import JsonOption, PathArgument, said_plainly
from .words import utc


def command(path: PathArgument, as_json: JsonOption = False) -> None:
    """List who ordered what of the gateway, and when, oldest first."""
    with said_plainly():
        actions = list(_actions(Archive(path)))
    if as_json:
        print(json.dumps([{"entry": index, **asdict(action)} for index, action in actions]))
        return
    table = Table("entry", "time (UTC)", "who", "role", "ordered", "of", "order")
    for index, action in actions:
        table.add_row(str(index), utc(action.at), action.actor, action.role, action.verb, action.subject, action.reference)
    Console(markup=False).print(table)


def _actions(archive: Archive) -> Iterator[tuple[int, Action]]:
    site = archive.owner()
    for entry in archive.mentioning(Action.TYPE, site.encode()):
        try:
            statement = cose.parse(entry.data)
            if (statement.type, statement.issuer) == (Action.TYPE, site):
                yield entry.index, Action.decode(statement.payload)
        except WireError as error:
            raise Corrupt(str(error), entry.index) from None
