"""``skerry ledger show``: one entry in full."""

import json

from ..archive import Archive
from ..state import describe
from .terminal import EntryArgument, PathArgument, said_plainly


def command(path: PathArgument, entry: EntryArgument) -> None:
    """Show one entry in full, as JSON."""
    with said_plainly():
        found = Archive(path).named(entry)
        print(json.dumps({"index": found.index, "height": found.height, **describe.describe(found.data)}, indent=2))
