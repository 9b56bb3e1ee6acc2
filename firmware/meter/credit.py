"""The prepaid account of one metering point, counted down from certified energy alone. No I/O.

The account knows the register up to which it has charged. A certificate charges from there to its closing register, so one
that comes again charges nothing, one that was never seen is charged with the next, and no power cut counts anything twice.

    credit      OK -> LOW -> EMERGENCY -> EXHAUSTED, the supply is cut; within friendly hours FRIENDLY in its place

Emergency credit is lent once: when it is used up, only a top-up to more than nothing begins the next one.
"""

from ..wire import tariff
from ..wire.fields import WireError, uint_of

OK, LOW, EMERGENCY, FRIENDLY, EXHAUSTED = range(5)
_WH_PER_KWH = 1000
_DEBT = 1 << 62


class Account:
    """What is left, and how it is counted.

    Attributes:
        tariff: None while nothing is counted down.
        credit: micro-tokens left; below zero what is owed.
        charged_wh: import register up to which was charged, None before the first certificate.
        top_up: number of the newest top-up, 0 for none.
    """

    def __init__(self) -> None:
        self.tariff: tariff.Tariff | None = None
        self.credit = 0
        self.charged_wh: int | None = None
        self.top_up = 0
        self._rest = 0  # thousandths of a micro-token that no charge has taken yet
        self._lent = False  # the emergency credit is used up

    def charge(self, opening_wh: int, closing_wh: int) -> bool:
        """Count down for a certificate with these import registers. Whether there is anything new to keep."""
        if self.charged_wh is None:
            self.charged_wh = opening_wh
        used = closing_wh - self.charged_wh
        if used <= 0:
            return False
        self.charged_wh = closing_wh
        if self.tariff is None:
            return False
        cost, self._rest = divmod(self.tariff.price * used + self._rest, _WH_PER_KWH)
        self.credit -= cost
        self._judge()
        return True

    def set_credit(self, credit: int, top_up: int) -> None:
        """The credit is ``credit`` micro-tokens. WireError, and nothing happens, unless ``top_up`` is a new number."""
        self._count(top_up)
        self.credit = credit
        self._judge()

    def add_credit(self, amount: int, top_up: int) -> None:
        """Add ``amount`` micro-tokens, once a ``top_up``. WireError as above, or if nobody could have so much."""
        if self.credit + amount > tariff.MOST:
            raise WireError("more credit than an account can hold")
        self._count(top_up)
        self.credit += amount
        self._judge()

    def set_tariff(self, new: "tariff.Tariff | None") -> None:
        """Count by ``new`` from the next certificate on; what is certified by now was counted as before."""
        self.tariff = new
        self._judge()

    def state(self, at: "int | None") -> int:
        """OK to EXHAUSTED at second ``at`` of local time; an hour that nobody knows (None) is not friendly, or pulling the
        network's plug would be a way to free energy."""
        if self.tariff is None or self.credit > self.tariff.low:
            return OK
        if self.credit > 0:
            return LOW
        if not self._lent:
            return EMERGENCY
        return FRIENDLY if at is not None and self.tariff.is_friendly(at) else EXHAUSTED

    def fields(self) -> "list[object]":
        """For the flash."""
        terms = self.tariff.fields() if self.tariff else None
        return [terms, self.credit, self._rest, self.charged_wh, self.top_up, 1 if self._lent else 0]

    def restore(self, fields: "list[object]") -> None:
        """Take what ``fields`` once gave."""
        terms, credit, rest, charged, top_up, lent = fields
        self.tariff = None if terms is None else tariff.decode(terms)
        self.credit = uint_of(credit, "credit", -_DEBT, tariff.MOST)
        self._rest = uint_of(rest, "rest", 0, _WH_PER_KWH - 1)
        self.charged_wh = None if charged is None else uint_of(charged, "charged")
        self.top_up = uint_of(top_up, "top-up")
        self._lent = lent == 1

    def _count(self, top_up: int) -> None:
        if top_up <= self.top_up:
            raise WireError(f"top-up {top_up} comes after {self.top_up}: it was counted before")
        self.top_up = top_up

    def _judge(self) -> None:
        """See whether the emergency credit is used up, or to be had again."""
        if self.credit > 0:
            self._lent = False
        elif self.tariff is not None and self.credit <= -self.tariff.emergency:
            self._lent = True
