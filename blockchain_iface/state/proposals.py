"""What the shadow centre has to write next. The state decides; the clock only says which interval it is and who is late.

Each proposal is a batch that belongs together: it is submitted whole or not at all. After a crash the same ones come up again.
"""

from dataclasses import dataclass

from . import quarantine
from .accounts import PAYOUTS
from .entries import Pricing, Recovery, Settlement, Transaction
from .market import complete, is_news, priced, settled, traded
from .records import Interval
from .state import State

MARKET_SUBJECT = "market"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Entries to sign: (subject, type, payload) each."""

    entries: tuple[tuple[str, str, bytes], ...]


def due(state: State, now: int, deadline: int) -> Proposal | None:
    """The next proposal at Unix time ``now``, or None. Submit it and ask again.

    Args:
        deadline: seconds after an interval's end at which the silent no longer hold up the others.
    """
    return _settlement(state, now, deadline) or _market(state, now) or _payout(state)


def _settlement(state: State, now: int, deadline: int) -> Proposal | None:
    """A finished interval that everybody has certified, or that is overdue; or one about which more is known now."""
    length = state.rules.interval
    for t0 in state.open_intervals():
        if t0 + length > now:
            break
        interval = state.intervals.get(t0) or Interval(t0)
        if interval.revision is None and not complete(state, t0) and now < t0 + length + deadline:
            continue
        entry = settled(state, t0)
        if is_news(interval, entry):
            return Proposal(((MARKET_SUBJECT, Settlement.TYPE, entry.encode()),))
    return None


def _market(state: State, now: int) -> Proposal | None:
    """Pricing for the next interval, in the second half of the present one so that the last one's energy is known.

    Offers and needs are forecasts by persistence: what each meter gave or took in the newest interval known in full.
    """
    length = state.rules.interval
    t0 = now - now % length + length
    if now < t0 - (length + 1) // 2 or t0 in state.intervals:
        return None
    flows = _latest_flows(state, t0)
    if not flows:
        return None
    offers = tuple((meter, flow) for meter, flow in flows if flow > 0)
    demands = tuple((meter, -flow) for meter, flow in flows if flow < 0)
    pricing = priced(state, t0, offers, demands)
    entries = [(MARKET_SUBJECT, Pricing.TYPE, pricing.encode())]
    transaction = traded(state, Interval(t0, pricing.price, pricing.mu_ppm, offers, demands))
    if transaction.trades:
        entries.append((MARKET_SUBJECT, Transaction.TYPE, transaction.encode()))
    return Proposal(tuple(entries))


def _latest_flows(state: State, t0: int) -> list[tuple[str, int]]:
    """(account, net Wh given) of each trading point in the newest interval before ``t0`` that is certified there in full.

    Not of those in quarantine: a forecast of theirs would be paid by the schedule that it makes.
    """
    length = state.rules.interval
    flows = []
    for name, point in state.points.items():
        if not point.trades or quarantine.is_held(state, name):
            continue
        for earlier in (t0 - length, t0 - 2 * length, t0 - 3 * length):
            coverage = state.coverage.get((earlier, name))
            if coverage is not None and coverage.seconds >= length:
                flows.append((name, coverage.exported - coverage.imported))
                break
    return sorted(flows)


def _payout(state: State) -> Proposal | None:
    """Recovery of what a seller's account holds beyond the tariff's threshold, to be paid to its bank account."""
    tariff = state.rules.tariff
    for name, point in state.points.items():
        balance = state.balance(name)
        if point.role in ("wind", "storage") and balance >= tariff.payout_at > 0:
            number = (state.totals.get(PAYOUTS + name) or 0) + 1
            order = Recovery(name, balance - tariff.payout_keep, f"payout-{name}-{number}")
            return Proposal(((name, Recovery.TYPE, order.encode()),))
    return None
