"""Double-entry accounts in integer micro-tokens. Every posting sums to zero; nothing else moves money."""

from collections.abc import Mapping

from .entries import Recharge, Recovery
from .happenings import Recharged, Recovered
from .state import ESCROW, FUNDED, ISSUE, Refused, State

RECHARGED, RECOVERED = "recharged", "recovered"
"""Totals in micro-tokens."""
_MOST = (1 << 63) - 1
PAYOUTS = "payouts "
"""Followed by an account: how often it was recovered from."""


def post(state: State, postings: Mapping[str, int]) -> None:
    """Add signed amounts to accounts. Refused unless they sum to zero, the escrow stays covered and 63 bits suffice."""
    if sum(postings.values()) != 0:
        raise Refused(f"the postings sum to {sum(postings.values())}, not to zero")
    for account, amount in postings.items():
        state.accounts.put(account, _counted(state.balance(account) + amount))
    if state.balance(ESCROW) < 0:
        raise Refused("the escrow would be overdrawn")


def require_account(state: State, account: str) -> None:
    """Refused unless tokens may be recharged to, or recovered from, ``account``."""
    point = state.points.get(account)
    if account not in FUNDED and (point is None or not point.trades):
        raise Refused(f"there is no account {account}")


def recharge(state: State, order: Recharge) -> Recharged:
    """Bring tokens into circulation: the grid company's recharge interface (island paper, section 3.2)."""
    _move(state, order.account, order.amount, order.reference)
    _add(state, RECHARGED, order.amount)
    return Recharged(order.account, order.amount, order.reference)


def recover(state: State, order: Recovery) -> Recovered:
    """Take tokens out of circulation, to be paid out to the bound bank account."""
    balance = state.balance(order.account)
    if balance < order.amount:
        raise Refused(f"{order.account} holds {balance} micro-tokens, {order.amount} cannot be recovered")
    _move(state, order.account, -order.amount, order.reference)
    _add(state, RECOVERED, order.amount)
    _add(state, PAYOUTS + order.account, 1)
    return Recovered(order.account, order.amount, order.reference)


def _add(state: State, total: str, amount: int) -> None:
    state.totals.put(total, _counted((state.totals.get(total) or 0) + amount))


def _counted(amount: int) -> int:
    if abs(amount) > _MOST:
        raise Refused("it would be more than the ledger can count")
    return amount


def _move(state: State, account: str, amount: int, reference: str) -> None:
    require_account(state, account)
    if reference in state.references:
        raise Refused(f"reference {reference} was used before")
    state.references.put(reference, amount)
    post(state, {account: amount, ISSUE: -amount})
