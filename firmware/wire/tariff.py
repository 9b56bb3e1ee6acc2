"""What a prepaid meter counts down by, without asking anybody.

    tariff = {1: price, 2: low credit, 3: emergency credit, 4: [0*4 [weekdays, from, to]], 5: W / null}

Money is in micro-tokens, the price in micro-tokens a kWh. Within friendly hours nobody is cut off: ``weekdays`` is a mask,
bit 0 for Monday; ``from`` and ``to`` are seconds of the day, and hours with ``to`` <= ``from`` end on the day after. Days are
those of local time, which is ahead of UTC by what CONFIGURE says. 5 is the most that may be drawn while the credit is used up.
"""

from .fields import list_of, map_of, uint_of

MOST = (1 << 53) - 1  # micro-tokens: nine milliards of tokens, and exact wherever JSON is read
MOST_W = (1 << 31) - 1
_DAY = 86400
_THURSDAY = 3  # 1 January 1970


class Tariff:
    """A prepaid tariff; units as above. ``reduced_w`` None: no limit."""

    __slots__ = ("emergency", "friendly", "low", "price", "reduced_w")

    def __init__(
        self,
        price: int,
        low: int = 0,
        emergency: int = 0,
        friendly: "list[tuple[int, int, int]] | None" = None,
        reduced_w: "int | None" = None,
    ) -> None:
        self.price = price
        self.low = low
        self.emergency = emergency
        self.friendly = friendly or []
        self.reduced_w = reduced_w

    def fields(self) -> "dict[int, object]":
        """As in a command."""
        return {1: self.price, 2: self.low, 3: self.emergency, 4: [list(hours) for hours in self.friendly], 5: self.reduced_w}

    def is_friendly(self, at: int) -> bool:
        """Whether second ``at`` of local time, counted from its own 1 January 1970, is within friendly hours."""
        second = at % _DAY
        today = (at // _DAY + _THURSDAY) % 7
        for weekdays, start, end in self.friendly:
            whole = end <= start
            if weekdays >> today & 1 and start <= second and (whole or second < end):
                return True
            if whole and weekdays >> (today - 1) % 7 & 1 and second < end:
                return True
        return False


def decode(value: object) -> Tariff:
    """The tariff in a command's arguments; WireError naming the field that is wrong."""
    fields = map_of(value, "tariff", (1, 2, 3, 4, 5))
    return Tariff(
        uint_of(fields[1], "price", 0, MOST),
        uint_of(fields[2], "low credit", 0, MOST),
        uint_of(fields[3], "emergency credit", 0, MOST),
        [_hours(hours) for hours in list_of(fields[4], "friendly hours", 0, 4)],
        None if fields[5] is None else uint_of(fields[5], "W", 1, MOST_W),
    )


def _hours(value: object) -> "tuple[int, int, int]":
    weekdays, start, end = list_of(value, "friendly hours", 3, 3)
    return uint_of(weekdays, "weekdays", 1, 127), uint_of(start, "from", 0, _DAY - 1), uint_of(end, "to", 0, _DAY)
