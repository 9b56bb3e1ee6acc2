"""What the ledger's newest entries tell of the keys' hygiene: read once, when the shadow centre opens."""

from blockchain_iface.ledger import Entry, Ledger
from firmware.wire import certificate, cose, event

from .hygiene import Hygiene, Sign

_ENTRIES = 10_000
"""Read in a second. What was longer ago counts again as soon as it is repeated."""


def remembered(ledger: Ledger) -> Hygiene:
    """The memory of the newest entries, each as if it had arrived at its block's time."""
    hygiene, head = Hygiene(), ledger.head()
    if head is not None:
        entries = ledger.read(max(head.size - _ENTRIES, 0) - 1, _ENTRIES)
        blocks = ledger.blocks(head.height + 1 - entries[0].height)
        times = {block.height: block.time for block in blocks}
        for entry in entries:
            _take(hygiene, entry, times[entry.height])
    return hygiene


def _take(hygiene: Hygiene, entry: Entry, arrived: int) -> None:
    statement = cose.parse(entry.data)
    if statement.type == certificate.TYPE:
        body = certificate.decode(statement.payload)
        hygiene.take(statement, Sign(body.boot, body.end), arrived)
    elif statement.type == event.TYPE:
        hygiene.take(statement, Sign(event.decode(statement.payload).boot), arrived)
