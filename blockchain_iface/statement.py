"""A customer's statement: every posting to one account as a line that can be followed, from the ledger's entries alone.

A true-up is shown as the reversal of the lines it replaces, followed by the new ones. The lines add up to the balance.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmware.wire import cose
from firmware.wire.fields import WireError

from .ledger import Corrupt, Entry, LedgerError
from .signatures import Verifier
from .state.entries import Recharge, Recovery, Settlement, Transaction
from .state.machine import Machine
from .state.memory import MemoryBacking
from .state.pricing import energy_cost
from .state.records import CERTIFIED, SCHEDULED, SPREAD, Interval, Measured
from .state.settlement import settle
from .state.state import Refused, State

CERTAIN, ESTIMATED_PROFILE, PROVISIONAL = "", "+", "*"
_MARKS = {CERTIFIED: CERTAIN, SPREAD: ESTIMATED_PROFILE, SCHEDULED: PROVISIONAL}


@dataclass(frozen=True, slots=True)
class Line:
    """One posting, made by entry ``index``; ``wh`` and ``price`` (micro-tokens per kWh) are None where they say nothing.

    ``mark`` is "" for certified energy, "+" if its profile was spread over a longer span, "*" if it is provisional.
    ``amount`` and ``balance`` are in micro-tokens, ``t0`` the interval's start in Unix seconds or None.
    """

    index: int
    t0: int | None
    text: str
    mark: str
    wh: int | None
    price: int | None
    amount: int
    balance: int


class UnknownAccount(LedgerError):
    """There is no account of this name on the ledger."""


def lines(entries: Iterable[Entry], account: str) -> Iterator[Line]:
    """The statement of ``account`` (named after the first meter there), oldest line first.

    Raises:
        UnknownAccount: once all entries are read and there was no such account.
        Corrupt: an entry does not follow from those before it, or the lines would not add up to the balance.
    """
    machine = Machine(Verifier(), MemoryBacking())
    state = None
    balance = 0
    for entry in entries:
        try:
            statement = cose.parse(entry.data)
            state = machine.site(statement.issuer)
            before = _Before(state, statement, account)
            machine.apply(statement)
        except (WireError, Refused) as error:
            raise Corrupt(str(error), entry.index) from None
        machine.keep()
        for t0, text, mark, wh, price, amount in before.lines():
            balance += amount
            yield Line(entry.index, t0, text, mark, wh, price, amount, balance)
        if balance != state.balance(account):
            raise Corrupt(f"the lines of {account} give {balance}, its balance is {state.balance(account)}", entry.index)
    point = None if state is None else state.points.get(account)
    if point is None or not point.trades:
        raise UnknownAccount(f"{account} has no account on this ledger")


_Posting = tuple[int | None, str, str, int | None, int | None, int]


class _Before:
    """What an entry will do to the account, worked out from the state before it."""

    def __init__(self, state: State, statement: cose.Statement, account: str) -> None:
        self.state, self.statement, self.account = state, statement, account
        self._lines = list(self._postings())

    def lines(self) -> list[_Posting]:
        return self._lines

    def _postings(self) -> Iterator[_Posting]:
        payload = self.statement.payload
        if self.statement.type in (Recharge.TYPE, Recovery.TYPE):
            order = Recharge.decode(payload)
            if order.account == self.account:
                sign, text = (1, "recharged") if self.statement.type == Recharge.TYPE else (-1, "paid out")
                yield None, f"{text}, {order.reference}", CERTAIN, None, None, sign * order.amount
        elif self.statement.type == Transaction.TYPE:
            entry = Transaction.decode(payload)
            for trade in entry.trades:
                if trade.buyer == self.account:
                    yield entry.t0, f"margin for {trade.seller}", CERTAIN, trade.wh, None, -trade.margin
        elif self.statement.type == Settlement.TYPE:
            settlement = Settlement.decode(payload)
            interval = self.state.intervals.get(settlement.t0) or Interval(settlement.t0)
            yield from self._settled(interval, settlement)

    def _settled(self, interval: Interval, settlement: Settlement) -> Iterator[_Posting]:
        if interval.revision is None:
            for trade in interval.trades:
                if trade.buyer == self.account:
                    yield interval.t0, f"margin back, {trade.seller}", CERTAIN, trade.wh, None, trade.margin
        else:
            for t0, text, mark, wh, price, amount in self._energy(interval, dict(interval.measured)):
                yield t0, f"reversed: {text}", mark, wh, price, -amount
        yield from self._energy(interval, dict(settlement.measured))

    def _energy(self, interval: Interval, measured: dict[str, Measured]) -> Iterator[_Posting]:
        own = measured.get(self.account)
        if own is None:
            return
        tariff, t0 = self.state.rules.tariff, interval.t0
        mark = _MARKS[own.quality]
        bought = sold = 0
        deliveries = settle(tariff, interval, measured).deliveries
        for trade, delivery in zip(interval.trades, deliveries, strict=True):
            if trade.buyer == self.account:
                bought += delivery.wh
                yield t0, f"from {trade.seller}", mark, delivery.wh, interval.price, -delivery.paid
            if trade.seller == self.account:
                sold += delivery.wh
                yield t0, f"to {trade.buyer}", mark, delivery.wh, interval.price, delivery.paid
                if delivery.subsidy:
                    text = f"subsidy, mu {interval.mu_ppm / 1_000_000:.3f}"
                    yield t0, text, mark, None, None, delivery.subsidy
        shortfall, surplus = own.imported - bought, own.exported - sold
        if shortfall:
            cost = energy_cost(shortfall, tariff.grid_price)
            yield t0, "from the grid", mark, shortfall, tariff.grid_price, -cost
        if surplus:
            yield t0, "to the grid", mark, surplus, tariff.feed_in, energy_cost(surplus, tariff.feed_in)
