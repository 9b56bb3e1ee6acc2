"""Applying pricing, transaction and settlement entries. Each is worked out again from the state and must come out the same."""

from collections import defaultdict

from firmware.wire import receipt

from . import accounts, quarantine
from .entries import Pricing, Settlement, Transaction
from .happenings import Priced, Settled, Traded
from .matching import match
from .pricing import affordable, energy_cost, margin, price_and_mu, subsidy_reserve
from .records import CERTIFIED, SCHEDULED, CertificateFact, Interval, Measured, Point, Trade
from .settlement import postings, unexplained
from .state import ESCROW, SUBSIDY, Refused, State


def apply_pricing(state: State, entry: Pricing) -> Priced:
    """Stage one. Refused unless price and mu follow from the offers, the tariff and the fund."""
    interval = state.intervals.get(entry.t0)
    if interval is not None:
        raise Refused("the interval is priced or settled already")
    if entry.t0 % state.rules.interval:
        raise Refused("the interval begins off the grid")
    names = [name for name, _ in (*entry.offers, *entry.demands)]
    if len(set(names)) != len(names):
        raise Refused("a meter comes twice")
    for name in names:
        accounts.require_account(state, name)
    if priced(state, entry.t0, entry.offers, entry.demands) != entry:
        raise Refused("price or mu do not follow from offers, needs and tariff")
    state.intervals.put(
        entry.t0, Interval(entry.t0, price=entry.price, mu_ppm=entry.mu_ppm, offers=entry.offers, demands=entry.demands)
    )
    state.reopen(entry.t0, entry.t0)
    return Priced(entry.t0, entry.price, entry.mu_ppm)


def priced(state: State, t0: int, offers: tuple[tuple[str, int], ...], demands: tuple[tuple[str, int], ...]) -> Pricing:
    """The one pricing entry that offers and demands (Wh per meter) lead to."""
    supply, demand = sum(wh for _, wh in offers), sum(wh for _, wh in demands)
    price, mu = price_and_mu(state.rules.tariff, t0, supply, demand, state.balance(SUBSIDY))
    return Pricing(t0, offers, demands, price, mu)


def apply_transaction(state: State, entry: Transaction) -> Traded:
    """Stage two. Refused unless the trades are the matching's and every buyer can prepay; margins move to the escrow."""
    interval = state.intervals.get(entry.t0)
    if interval is None or not interval.priced or interval.trades or interval.revision is not None:
        raise Refused("there is nothing to trade in this interval, or not any more")
    if traded(state, interval) != entry:
        raise Refused("the trades do not follow from offers, needs and balances")
    amounts: defaultdict[str, int] = defaultdict(int)
    for trade in entry.trades:
        amounts[trade.buyer] -= trade.margin
        amounts[ESCROW] += trade.margin
    amounts[SUBSIDY] -= entry.reserve
    amounts[ESCROW] += entry.reserve
    accounts.post(state, amounts)
    state.intervals.put(entry.t0, interval._replace(trades=entry.trades, reserve=entry.reserve))
    return Traded(entry.t0, sum(trade.wh for trade in entry.trades))


def traded(state: State, interval: Interval) -> Transaction:
    """The one transaction entry for a priced interval. A buyer takes part as far as its balance covers the margin."""
    ppm = state.rules.tariff.margin_ppm
    demands = []
    for meter, wh in interval.demands:
        demands.append((meter, min(wh, affordable(state.balance(meter), interval.price, ppm))))
    trades = tuple(
        Trade(seller, buyer, wh, margin(wh, interval.price, ppm)) for seller, buyer, wh in match(interval.offers, demands)
    )
    paid = sum(energy_cost(trade.wh, interval.price) for trade in trades)
    reserve = subsidy_reserve(paid, interval.mu_ppm)
    return Transaction(interval.t0, state.rules.interval, interval.price, trades, reserve)


def apply_settlement(state: State, entry: Settlement) -> Settled:
    """Stage three. Refused unless it is what the certificates, the trades and the tariff lead to."""
    if entry.t0 % state.rules.interval:
        raise Refused("the interval begins off the grid")
    expected = settled(state, entry.t0)
    if expected != entry:
        raise Refused("the settlement does not follow from certificates, trades and tariff")
    interval = state.intervals.get(entry.t0) or Interval(entry.t0)
    if not is_news(interval, entry):
        raise Refused("the interval is settled like this already")
    accounts.post(state, dict(entry.postings))
    for name in quarantine.held(state):
        if _certified(state, entry.t0, name) is not None and _settleable(state, interval, name) is None:
            quarantine.news(state, name, entry.t0, entry.t0)
    newest = interval._replace(
        revision=entry.revision,
        measured=entry.measured,
        traded_wh=sum(delivery.wh for delivery in entry.deliveries),
        unexplained_wh=entry.unexplained_wh,
    )
    state.intervals.put(entry.t0, newest)
    state.close(entry.t0)
    energy, traded, silent = newest.energy_wh, newest.traded_wh, newest.scheduled
    return Settled(entry.t0, entry.revision, energy, traded, silent, entry.unexplained_wh)


def is_news(interval: Interval, entry: Settlement) -> bool:
    """True if ``entry`` says something that the interval's newest settlement does not."""
    known = (interval.measured, interval.unexplained_wh)
    return interval.revision is None or known != (entry.measured, entry.unexplained_wh)


def settled(state: State, t0: int) -> Settlement:
    """The settlement entry that the state leads to now. Silent meters are taken at their schedule."""
    interval = state.intervals.get(t0) or Interval(t0)
    tariff = state.rules.tariff
    measured = measured_in(state, interval)
    outcome, amounts = postings(tariff, interval, measured)
    feeder = _feeder(state, interval)
    gap = None
    if feeder is not None and all(energy.quality != SCHEDULED for energy in measured.values()):
        gap = unexplained(tariff, feeder, measured)
    return Settlement(
        t0,
        0 if interval.revision is None else interval.revision + 1,
        tuple(sorted(measured.items())),
        outcome.deliveries,
        tuple(amounts.items()),
        None if feeder is None else (feeder.imported, feeder.exported),
        gap,
    )


def measured_in(state: State, interval: Interval) -> dict[str, Measured]:
    """What is settled of every trading point that was metered in the interval: certified, spread, or its schedule."""
    measured = {}
    for name, point in state.points.items():
        if not point.trades:
            continue
        certified = _settleable(state, interval, name)
        if certified is not None:
            measured[name] = certified
        elif _at_work(state, interval, point):
            bought = sum(trade.wh for trade in interval.trades if trade.buyer == name)
            sold = sum(trade.wh for trade in interval.trades if trade.seller == name)
            measured[name] = Measured(bought, sold, SCHEDULED)
    return measured


def _at_work(state: State, interval: Interval, point: Point) -> bool:
    first = state.fact(receipt.CERTIFICATE, point.meters[0], 1)
    began = isinstance(first, CertificateFact) and first.t0 <= interval.t0
    return began or any(point.name in (trade.seller, trade.buyer) for trade in interval.trades)


def _certified(state: State, t0: int, point: str) -> Measured | None:
    coverage = state.coverage.get((t0, point))
    if coverage is None or coverage.seconds < state.rules.interval:
        return None
    return Measured(coverage.imported, coverage.exported, coverage.quality)


def _settleable(state: State, interval: Interval, point: str) -> Measured | None:
    """As ``_certified``; None as well for what is in quarantine, unless it was settled before."""
    certified = _certified(state, interval.t0, point)
    if certified is None or not quarantine.is_held(state, point):
        return certified
    before = dict(interval.measured).get(point)
    settled_before = before.quality != SCHEDULED if before is not None else interval.unexplained_wh is not None
    return certified if settled_before else None


def _feeder(state: State, interval: Interval) -> Measured | None:
    """The sum of the feeders; None while one of them is silent or in quarantine, or if there is none."""
    feeders = [_settleable(state, interval, name) for name, point in state.points.items() if not point.trades]
    known = [feeder for feeder in feeders if feeder is not None]
    if not feeders or len(known) < len(feeders):
        return None
    return Measured(sum(feeder.imported for feeder in known), sum(feeder.exported for feeder in known), CERTIFIED)


def complete(state: State, t0: int) -> bool:
    """True if the whole interval is certified at every metering point, those in quarantine aside."""
    return all(quarantine.is_held(state, name) or _certified(state, t0, name) is not None for name, _ in state.points.items())
