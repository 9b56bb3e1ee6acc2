"""``skerry ledger show``: one entry in full."""

import json

from firmware.wire import cose
from firmware.wire.fields import WireError

from ..archive import Archive
from ..state import describe
from .terminal import EntryArgument, PathArgument, said_plainly
from .words import sentence


def command(path: PathArgument, entry: EntryArgument) -> None:
    """Show one entry in full, as JSON."""
    with said_plainly():
        found = Archive(path).named(entry)
        place = {"index": found.index, "height": found.height, "says": _said(found.data)}
        print(json.dumps({**place, **describe.describe(found.data)}, indent=2))


def _said(data: bytes) -> str | None:
    """In words; None if the body cannot be read."""
    try:
        return sentence(cose.parse(data))
    except WireError:
        return None
