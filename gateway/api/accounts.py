"""/accounts: who has how many tokens."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from blockchain_iface.state.state import State

from ..core.api_key import Role
from .desk import AtDesk, Missing
from .rules import After, Limit, Page, needs, paged

router = APIRouter(prefix="/accounts", tags=["accounts"])
AccountId = Annotated[str, Path(pattern="^@?[a-z0-9-]{1,32}$", description="A metering point, @grid, @subsidy or @escrow.")]


class AccountNow(BaseModel):
    """An account's balance in micro-tokens; below zero it is owed. ``meter`` is the one that is there now."""

    account: str
    balance: int
    meter: str | None


class Accounts(Page):
    """Accounts by name."""

    items: list[AccountNow]


@router.get("", **needs(Role.VIEWER))
def list_accounts(desk: AtDesk, after: After = "", limit: Limit = 100) -> Accounts:
    """All accounts, by name."""
    with desk.archive() as archive:
        state = desk.state(archive)
        names, more = paged(sorted(_names(state)), after, limit)
        return Accounts(items=[_shown(state, name) for name in names], next=more)


@router.get("/{account}", **needs(Role.VIEWER))
def read_account(desk: AtDesk, account: AccountId) -> AccountNow:
    """One account."""
    with desk.archive() as archive:
        state = desk.state(archive)
        if account not in _names(state):
            raise Missing(f"There is no account {account}.")
        return _shown(state, account)


def _names(state: State) -> set[str]:
    """Every metering point that trades has one, used or not."""
    return {name for name, _ in state.accounts.items()} | {name for name, point in state.points.items() if point.trades}


def _shown(state: State, account: str) -> AccountNow:
    point = state.points.get(account)
    return AccountNow(account=account, balance=state.balance(account), meter=point.meter if point else None)
