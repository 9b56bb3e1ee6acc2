"""Details of a GAP event: certificates that a meter gives up without receipt, and the energy that they would have told of.

    {1: first, 2: last number, 3: [t0, end] in Unix seconds, 4: [import Wh, export Wh] at t0, 5: the same at the end}

The registers are those of the certificates themselves, so the energy stays billable in total; the profile is lost.
"""

from .clock import EARLIEST_S, LATEST_S
from .fields import list_of, map_of, uint_of

_SEQ = 0xFFFFFFFF
_REGISTER = 1 << 48
MOST = 256  # certificates


class Gap:
    """Certificates ``first`` to ``last``: from ``t0`` to ``end``, from ``opening`` to ``closing``, (import, export) in Wh."""

    __slots__ = ("closing", "end", "first", "last", "opening", "t0")

    def __init__(
        self, first: int, last: int, t0: int, end: int, opening: "tuple[int, int]", closing: "tuple[int, int]"
    ) -> None:
        self.first = first
        self.last = last
        self.t0 = t0
        self.end = end
        self.opening = opening
        self.closing = closing

    def details(self) -> "dict[int, object]":
        """As in an event."""
        return {1: self.first, 2: self.last, 3: [self.t0, self.end], 4: list(self.opening), 5: list(self.closing)}


def decode(details: "dict[int, object]") -> Gap:
    """The gap in an event's details. WireError if there is none, or time or a register runs backwards in it."""
    fields = map_of(details, "gap", (1, 2, 3, 4, 5))
    first = uint_of(fields[1], "first", 1, _SEQ)
    t0, end = list_of(fields[3], "span", 2, 2)
    start = uint_of(t0, "t0", EARLIEST_S, LATEST_S)
    opening = _registers(fields[4], (0, 0))
    return Gap(
        first,
        uint_of(fields[2], "last", first, first + MOST - 1),
        start,
        uint_of(end, "end", start + 1, LATEST_S),
        opening,
        _registers(fields[5], opening),
    )


def _registers(value: object, low: "tuple[int, int]") -> "tuple[int, int]":
    imported, exported = list_of(value, "registers", 2, 2)
    return uint_of(imported, "import", low[0], _REGISTER), uint_of(exported, "export", low[1], _REGISTER)
