"""Cutting many meters off: from how many on, within an hour, a second person has to approve.

One order or many make no difference: what counts is how many meters have been cut off of late, whoever ordered it.
"""

from firmware.wire import command
from firmware.wire.fields import WireError

WINDOW_S = 3600
HOLD_S = 900
"""How long an order waits for its second person."""
LEAST_W = 100
"""A limit below this leaves nothing that a household could use: it cuts off like an open contact."""
LEAST_CREDIT = 1_000_000
"""Micro-tokens: less is used up before anybody could bring more."""


def cuts(kind: int, arguments: object) -> bool:
    """Whether a command (see firmware.wire.command) takes the supply away, or may. False also for one that no meter would obey.

    A tariff does where no credit is left, unless it lends enough in an emergency for a kilowatt-hour.
    """
    try:
        if kind == command.RELAY:
            return not command.relay_of(arguments)
        if kind == command.LIMIT:
            limit = command.limit_of(arguments)
            return limit is not None and _is_little(limit[0])
        if kind == command.CREDIT:
            operation, amount, _ = command.credit_of(arguments)
            return operation == command.SET and amount < LEAST_CREDIT
        if kind == command.TARIFF:
            terms = command.tariff_of(arguments)
            return terms is not None and (terms.emergency < terms.price or _is_little(terms.reduced_w))
    except WireError:
        pass
    return False


def _is_little(watts: int | None) -> bool:
    return watts is not None and watts < LEAST_W


class Bulk:
    """Which meters have been cut off of late. Times are Unix seconds.

    One person may cut off ``meters`` of them within an hour, but no more than ``percent`` of the site's, and always one.
    """

    def __init__(self, meters: int, percent: int) -> None:
        self._meters = meters
        self._percent = percent
        self._cut_at: dict[str, int] = {}

    def note(self, meter: str, at: int) -> None:
        """``meter`` was cut off, or may have been: the command was sent."""
        self._cut_at[meter] = max(at, self._cut_at.get(meter, at))

    def takes_two(self, meter: str, total: int, now: int) -> bool:
        """Whether to cut off ``meter`` too, at a site with ``total`` of them, is more than one person may do."""
        self._cut_at = {each: at for each, at in self._cut_at.items() if at > now - WINDOW_S}
        return len(self._cut_at.keys() | {meter}) > max(1, min(self._meters, total * self._percent // 100))
