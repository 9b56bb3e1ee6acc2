"""The first run of a restored site: it hears its meters before it signs anything, so that no second history begins."""

import time
from collections.abc import Callable

import structlog

from firmware.wire import cose, event, gap, topics
from firmware.wire.fields import WireError

from .adapters.mqtt import Link
from .core.hearing import Hearing
from .core.telemetry import Telemetry
from .core.view import View
from .monitoring.vitals import Vitals
from .site import Site, now

_log = structlog.get_logger()
_MOST, _WITHIN_S = 200, 0.25
PATIENCE_S = 75.0
"""A meter that gave certificates up sends the event that says so again within a minute."""


class ReceiptsLost(Exception):
    """The restored ledger is older than receipts that meters hold. The message says how much is missing, and what to do."""


def hear(site: Site, view: View, link: Link, vitals: Vitals, goes_on: Callable[[], bool]) -> None:
    """Return when every meter has said that it has no receipt for more than the ledger holds, or people go on without them.

    What comes meanwhile is acknowledged and not taken: a PUBACK promises nothing, and what has no receipt comes again.

    Args:
        goes_on: called a few times a second; false ends it.
    Raises:
        ReceiptsLost: a meter has one.
    """
    hearing = Hearing({meter.meter: meter.receipted + meter.given_up for meter in view.meters})
    told: list[str] = []
    until = time.monotonic() + PATIENCE_S
    while (hearing.silent or (hearing.lost and time.monotonic() < until)) and site.restored.exists() and goes_on():
        if hearing.silent:
            until = time.monotonic() + PATIENCE_S
        if hearing.silent != told:
            told = hearing.silent
            _log.info("restored: hearing the meters before going on", silent=told, lost=hearing.lost)
        vitals.unheard = len(told)
        _listen(hearing, link)
    if hearing.lost:
        lost = ", ".join(f"{meter}: {count} certificates" for meter, count in sorted(hearing.lost.items()))
        raise ReceiptsLost(
            f"this copy is too old: meters have receipts for what it lacks ({lost}). Restore a newer one, best the standby. "
            "If there is none, keep this as evidence and begin a new site: behind this copy every receipt would be contradicted"
        )
    vitals.unheard = 0
    if not hearing.silent:
        site.restored.unlink(missing_ok=True)
        _log.info("restored: no meter has a receipt for more than the ledger holds")


def _listen(hearing: Hearing, link: Link) -> None:
    telemetry = Telemetry()
    deliveries = link.take(_MOST, _WITHIN_S)
    link.answer((), deliveries)
    for delivery in deliveries:
        try:
            _, meter, kind = topics.parse_up(delivery.message.topic)
            if kind == "state":
                telemetry.note(meter, delivery.message.payload, now())
                hearing.note(meter, telemetry.last(meter)[0])
            elif kind == "event":
                body = event.decode(cose.parse(delivery.message.payload, event.MAX_SIZE).payload)
                if body.kind == event.GAP:
                    told = gap.decode(body.details)
                    hearing.note_gap(meter, told.first, told.last)
        except (WireError, ValueError):
            continue
