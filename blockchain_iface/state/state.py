"""What one site's entries add up to. Every value follows from the entries alone: no clock, no float, no randomness."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from firmware.wire import receipt

from .backing import Backing
from .records import (
    CertificateFact,
    Chain,
    Coverage,
    EventFact,
    GapFact,
    Hold,
    Interval,
    Key,
    Measured,
    Meter,
    Ordered,
    Point,
    Site,
    Tariff,
    Trade,
)
from .runs import joined, without
from .table import Table

ESCROW = "@escrow"
"""Holds margins and subsidy reserves between transaction and settlement."""
GRID = "@grid"
"""The grid company: sells the shortfall, buys the surplus."""
SUBSIDY = "@subsidy"
"""The fund that pays (mu - 1) of every local trade, and takes what mu < 1 leaves over."""
ISSUE = "@issue"
"""Counterpart of every recharge and recovery: minus the tokens in circulation."""
FUNDED = (GRID, SUBSIDY)
T = TypeVar("T")


class Refused(Exception):
    """An entry breaks a rule of the state machine, now and for ever: its author's fault. The text says which rule."""


class State:
    """All tables of one site, by their numbers in the stored keys. The machine keeps, drops and seals the drafts."""

    def __init__(self, backing: Backing, name: str) -> None:
        self._drafted: list[Table[Any, Any]] = []

        def table(number: int, width: int, revive: Callable[[Any], T]) -> Table[Any, T]:
            return Table(backing, self._drafted, name, number, width, revive)

        self.name = name
        self.site: Table[tuple[()], Site] = table(0, 0, _site)
        self.meters: Table[str, Meter] = table(1, 1, Meter._make)
        self.keys: Table[bytes, Key] = table(2, 1, Key._make)
        self.points: Table[str, Point] = table(3, 1, Point._make)
        self.chains: Table[str, Chain] = table(4, 1, Chain._make)
        self.certificates: Table[tuple[str, int], CertificateFact] = table(5, 2, CertificateFact._make)
        self.event_chains: Table[str, Chain] = table(6, 1, Chain._make)
        self.events: Table[tuple[str, int], EventFact] = table(7, 2, EventFact._make)
        self.alarms: Table[tuple[str, int, int], bytes] = table(8, 3, bytes)
        self.coverage: Table[tuple[int, str], Coverage] = table(9, 2, Coverage._make)
        self.intervals: Table[int, Interval] = table(10, 1, _interval)
        self.open: Table[tuple[()], tuple[tuple[int, int], ...]] = table(11, 0, tuple)
        self.accounts: Table[str, int] = table(12, 1, int)
        self.totals: Table[str, int] = table(13, 1, int)
        self.references: Table[str, int] = table(14, 1, int)
        self.sightings: Table[tuple[str, int, bytes], bytes] = table(15, 3, bytes)
        self.given_up: Table[str, tuple[GapFact, ...]] = table(16, 1, _gaps)
        self.commands: Table[bytes, Ordered] = table(17, 1, Ordered._make)
        self.actions: Table[str, bytes] = table(18, 1, bytes)
        self.cosigned: Table[tuple[bytes, int, bytes], bytes] = table(19, 3, bytes)
        self.holds: Table[str, Hold] = table(20, 1, Hold._make)
        self.leaks: Table[bytes, bytes] = table(21, 1, bytes)
        self.answers: Table[tuple[str, bytes], bytes] = table(22, 2, bytes)
        self.commissionings: Table[tuple[str, int], bytes] = table(23, 2, bytes)
        self.tables: tuple[Table[Any, Any], ...] = tuple(each for each in vars(self).values() if isinstance(each, Table))

    def keep(self) -> None:
        """The entry's draft joins the block's."""
        for table in self._drafted:
            table.keep()
        self._drafted.clear()

    def drop(self) -> None:
        """Forget the entry's draft."""
        for table in self._drafted:
            table.drop()
        self._drafted.clear()

    def rollback(self) -> None:
        """Forget the entry's and the block's draft."""
        self.drop()
        for table in self.tables:
            table.rollback()

    def forget(self) -> None:
        """As ``rollback``; what was remembered of the backing, too."""
        self.drop()
        for table in self.tables:
            table.forget()

    @property
    def genesis(self) -> Site | None:
        """The site's rules; None before it has begun."""
        return self.site.get(())

    @property
    def rules(self) -> Site:
        """The site's rules. Refused before there are any."""
        site = self.genesis
        if site is None:
            raise Refused(f"site {self.name} has no genesis on this ledger")
        return site

    def fact(self, kind: int, meter: str, number: int) -> CertificateFact | EventFact | None:
        """What is here under a meter's ``number`` among its statements of ``kind``, receipt.CERTIFICATE or receipt.EVENT."""
        chain = self.chain(kind, meter)
        if not chain.holds(number):
            return None
        place = meter, number
        return self.events[place] if kind == receipt.EVENT else self.certificates[place]

    def chain(self, kind: int, meter: str) -> Chain:
        """Which of a meter's statements of ``kind``, receipt.CERTIFICATE or receipt.EVENT, are here."""
        chains = self.event_chains if kind == receipt.EVENT else self.chains
        return chains.get(meter) or Chain()

    def open_intervals(self) -> Iterator[int]:
        """Intervals (t0, ascending) that are not settled, or about which more has become known since."""
        for first, last in self._open():
            yield from range(first, last + 1, self.rules.interval)

    def reopen(self, first: int, last: int) -> None:
        """Put the intervals from t0 ``first`` to t0 ``last`` among the open ones."""
        runs = self._open()
        more = joined(runs, first, last, self.rules.interval)
        if more != runs:
            self.open.put((), more)

    def close(self, t0: int) -> None:
        """Take an interval off the open ones, until something new becomes known about it."""
        self.open.put((), without(self._open(), t0, self.rules.interval))

    def _open(self) -> tuple[tuple[int, int], ...]:
        """The open intervals as runs without holes, (first, last), ascending."""
        return self.open.get(()) or ()

    def balance(self, account: str) -> int:
        """Micro-tokens in ``account``; 0 for one never used."""
        return self.accounts.get(account) or 0

    def balances(self) -> int:
        """Sum of all balances but the issuer's: the tokens in circulation."""
        return sum(amount for account, amount in self.accounts.items() if account != ISSUE)


def _site(items: tuple[Any, ...]) -> Site:
    return Site._make((*items[:4], Tariff._make(items[4])))


def _interval(items: tuple[Any, ...]) -> Interval:
    plain = Interval._make(items)
    trades = tuple(Trade._make(trade) for trade in plain.trades)
    measured = tuple((name, Measured._make(energy)) for name, energy in plain.measured)
    return plain._replace(trades=trades, measured=measured)


def _gaps(items: tuple[Any, ...]) -> tuple[GapFact, ...]:
    return tuple(GapFact._make(item) for item in items)
