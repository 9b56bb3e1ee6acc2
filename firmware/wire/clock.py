"""How well the time in a statement was known: [source, uncertainty ms, holdover s], the same in certificates and events.

A clock that was never set has no time at all; what it dates says so and is anchored later.
"""

from .fields import list_of, uint_of

# where the time came from
UNSET, NETWORK, HOST, GATEWAY = range(4)  # never; SNTP, which anybody may forge; the computer's own clock; signed down/time
# Unix seconds that a date may have: 2020-01-01, for an earlier one is of a clock that was never set, to 2242
EARLIEST_S, LATEST_S = 1577836800, 1 << 33
_LONGEST = 0xFFFFFFFF


class ClockQuality:
    """``source`` 0..3 as above; ``uncertainty_ms`` 0..2^32 - 1; ``holdover_s``: seconds since the source was last heard."""

    __slots__ = ("holdover_s", "source", "uncertainty_ms")

    def __init__(self, source: int, uncertainty_ms: int, holdover_s: int) -> None:
        self.source = source
        self.uncertainty_ms = min(uncertainty_ms, _LONGEST)
        self.holdover_s = min(holdover_s, _LONGEST)

    def fields(self) -> "list[int]":
        """As it stands in a body."""
        return [self.source, self.uncertainty_ms, self.holdover_s]


NEVER_SET = ClockQuality(UNSET, _LONGEST, 0)


def decode(value: object) -> ClockQuality:
    """The quality that a body's field says. WireError if a part is out of range."""
    source, uncertainty, holdover = list_of(value, "clock", 3, 3)
    return ClockQuality(
        uint_of(source, "clock source", UNSET, GATEWAY),
        uint_of(uncertainty, "clock uncertainty", 0, _LONGEST),
        uint_of(holdover, "clock holdover", 0, _LONGEST),
    )
