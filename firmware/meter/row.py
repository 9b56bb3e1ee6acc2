"""One row of a certificate while it fills: sums of what was sampled. No I/O."""

from ..wire.certificate import CATCH_UP, MISSING
from .reading import Reading

_MILLIHERTZ = 50000


class _Mean:
    def __init__(self) -> None:
        self._sum = self._count = 0

    def add(self, value: "int | None") -> None:
        if value is not None:
            self._sum += value
            self._count += 1

    def value(self) -> "int | None":
        """The mean rounded to the nearest integer, None without samples."""
        return (2 * self._sum + self._count) // (2 * self._count) if self._count else None


class Row:
    """Samples of one row's span.

    Attributes:
        sampled: a device answered at least once.
        counted: its energy registers were believed at least once.
        status: bits earned so far.
    """

    def __init__(self) -> None:
        self.sampled = self.counted = False
        self.status = 0
        self._imported = self._exported = 0
        self._w, self._dv, self._mhz = _Mean(), _Mean(), _Mean()
        self._soc: int | None = None

    def sample(self, reading: Reading) -> None:
        """Add one reading's power and voltage; energy comes with ``count``."""
        self.sampled = True
        self._w.add(reading.w)
        self._dv.add(reading.dv)
        self._mhz.add(reading.mhz)
        self._soc = reading.soc

    def count(self, step: "tuple[int, int]", late: bool) -> None:
        """Add a step of the certified registers, Wh. ``late``: the row before this one has not counted its share."""
        if late and not self.counted:
            self.status |= CATCH_UP
        self.counted = True
        self._imported += step[0]
        self._exported += step[1]

    def close(self) -> "tuple[int, int, int, int | None, int | None, int | None, int]":
        """The certificate's row: means for W, dV and mHz, the last state of charge."""
        mhz = self._mhz.value()
        return (
            self._imported,
            self._exported,
            self._w.value() or 0,
            self._dv.value(),
            None if mhz is None else mhz - _MILLIHERTZ,
            self._soc,
            self.status if self.sampled else self.status | MISSING,
        )
