"""The island paper's settlement stage: what was metered against what was traded, and the money that follows.

A trade is delivered as far as the seller's meter gave and the buyer's meter took; a side that falls short scales its trades
down pro rata. Energy outside trades is bought from or sold to the grid. Everything is a pure function of the interval's
facts, so a revision is simply the difference between two outcomes, and sums to zero because both do.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .apportion import shares
from .pricing import energy_cost, subsidy
from .records import Interval, Measured, Tariff, Trade
from .state import ESCROW, GRID, SUBSIDY


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one trade: Wh delivered, micro-tokens paid by the buyer, and added to it from the subsidy fund."""

    wh: int
    paid: int
    subsidy: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Deliveries in the trades' order, and the net amount of each account, escrow apart; the amounts sum to zero."""

    deliveries: tuple[Delivery, ...]
    net: Mapping[str, int]


def settle(tariff: Tariff, interval: Interval, measured: Mapping[str, Measured]) -> Outcome:
    """The outcome of ``interval`` if its meters measured ``measured``. A meter not named counts as zero."""
    delivered = _delivered(interval.trades, measured)
    net: defaultdict[str, int] = defaultdict(int)
    bought: defaultdict[str, int] = defaultdict(int)
    sold: defaultdict[str, int] = defaultdict(int)
    deliveries = []
    for trade, wh in zip(interval.trades, delivered, strict=True):
        paid = energy_cost(wh, interval.price)
        extra = subsidy(paid, interval.mu_ppm)
        net[trade.buyer] -= paid
        net[trade.seller] += paid + extra
        net[SUBSIDY] -= extra
        bought[trade.buyer] += wh
        sold[trade.seller] += wh
        deliveries.append(Delivery(wh, paid, extra))
    for meter, energy in measured.items():
        owed = energy_cost(energy.imported - bought[meter], tariff.grid_price)
        earned = energy_cost(energy.exported - sold[meter], tariff.feed_in)
        net[meter] += earned - owed
        net[GRID] += owed - earned
    return Outcome(tuple(deliveries), {account: amount for account, amount in net.items() if amount})


def _delivered(trades: Sequence[Trade], measured: Mapping[str, Measured]) -> list[int]:
    given = _limited(trades, [trade.seller for trade in trades], {m: e.exported for m, e in measured.items()})
    taken = _limited(trades, [trade.buyer for trade in trades], {m: e.imported for m, e in measured.items()})
    return [min(pair) for pair in zip(given, taken, strict=True)]


def _limited(trades: Sequence[Trade], sides: Sequence[str], energy: Mapping[str, int]) -> list[int]:
    """Each trade's Wh, scaled down where one side's trades exceed the energy its meter measured."""
    limited = [trade.wh for trade in trades]
    for side in dict.fromkeys(sides):
        places = [at for at, name in enumerate(sides) if name == side]
        wanted = [trades[at].wh for at in places]
        if sum(wanted) > energy.get(side, 0):
            for at, part in zip(places, shares(energy.get(side, 0), wanted), strict=True):
                limited[at] = part
    return limited


def postings(tariff: Tariff, interval: Interval, measured: Mapping[str, Measured]) -> tuple[Outcome, dict[str, int]]:
    """The outcome and the postings that the next settlement of ``interval`` makes.

    The first one releases margins and reserve from the escrow; a later one posts only what has changed since.
    """
    outcome = settle(tariff, interval, measured)
    amounts: defaultdict[str, int] = defaultdict(int, outcome.net)
    if interval.revision is None:
        for trade in interval.trades:
            amounts[trade.buyer] += trade.margin
            amounts[ESCROW] -= trade.margin
        amounts[SUBSIDY] += interval.reserve
        amounts[ESCROW] -= interval.reserve
    else:
        for account, amount in settle(tariff, interval, dict(interval.measured)).net.items():
            amounts[account] -= amount
    return outcome, {account: amounts[account] for account in sorted(amounts) if amounts[account]}


def unexplained(tariff: Tariff, feeder: Measured, measured: Mapping[str, Measured]) -> int:
    """Wh that came through the feeder and that neither the meters' sum nor the modelled losses account for."""
    imported = sum(energy.imported for energy in measured.values())
    exported = sum(energy.exported for energy in measured.values())
    losses = imported * tariff.loss_ppm // 1_000_000
    return (feeder.imported - feeder.exported) - (imported - exported) - losses
