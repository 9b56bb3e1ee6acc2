"""Watching meters change their firmware: their own signed events, read from the ledger while the gateway writes it."""

import time
from collections.abc import Collection, Iterator

from blockchain_iface.archive import Archive
from firmware.wire import cose, event

from .site import Site

_LOOK_S = 0.5


def newest(site: Site) -> int:
    """Index of the ledger's newest entry. Unavailable before there is a ledger."""
    return Archive(site.ledger).count() - 1


def follow(site: Site, meters: Collection[str], after: int) -> Iterator[str]:
    """What ``meters`` say of updates in entries behind ``after``, a line each, until the gateway has put all orders away."""
    archive, inbox = Archive(site.ledger), site.updates
    waiting = True
    while waiting:
        # first, so that nothing is missed of what let the gateway put the last one away
        waiting = any(inbox.path(meter).exists() for meter in meters)
        for entry in archive.entries(after):
            after = entry.index
            statement = cose.parse(entry.data)
            if statement.type == event.TYPE and statement.subject in meters:
                body = event.decode(statement.payload)
                if body.kind == event.UPDATE:
                    yield f"{statement.subject}: version {body.details[1]} {body.details[2]}"
        if waiting:
            time.sleep(_LOOK_S)
