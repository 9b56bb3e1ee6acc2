"""/accounts: who has how many tokens."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from blockchain_iface.state.state import State

from ..core.api_key import Role
from .desk import AtDesk, Missing
from .rules import Limit, Page, needs

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
def list_accounts(desk: AtDesk, after: Annotated[str, Query(max_length=33)] = "", limit: Limit = 100) -> Accounts:
    """All accounts, by name."""
    with desk.archive() as archive:
        state = desk.state(archive)
        names = sorted(name for name in _names(state) if name > after)
        found = [_shown(state, name) for name in names[:limit]]
    return Accounts(items=found, next=found[-1].account if limit < len(names) else None)


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
