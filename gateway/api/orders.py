"""/commands, /recharges, /recoveries and /orders: what people have the gateway do, and what became of it."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from .. import progress
from ..adapters.orders import Approval, CommandOrder, CommissionOrder, ReadmitOrder, RevokeOrder
from ..core.api_key import Role
from ..core.view import Outcome
from ..progress import Progress, Stage
from .desk import AtDesk, Caller, Desk, Missing
from .rules import WRITES, After, Limit, Page, needs, paged

router = APIRouter(tags=["orders"])
Name = Annotated[str, Path(pattern="^[0-9]{20}-[0-9a-f]{8}$", description="An order's name.")]


class NewCommand(BaseModel, extra="forbid"):
    """A command to a meter in words, as `skerry gateway command` takes them, and for how long the meter may still obey."""

    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    words: Annotated[
        list[Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]], Field(min_length=1, max_length=16, examples=[["relay", "open"]])
    ]
    valid_s: Annotated[int, Field(ge=1, le=604_800)] = 60


class NewTransfer(BaseModel, extra="forbid"):
    """Micro-tokens into an account, or out of it; the order counts once a reference."""

    account: Annotated[str, Field(pattern=r"^@?[a-z0-9-]{1,32}$")]
    amount: Annotated[int, Field(ge=1, lt=1 << 53)]
    reference: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")] | None = None


class OrderNow(BaseModel):
    """An order: ``subject`` is the meter or account, of an approval the order approved; ``by`` who ordered it at Unix second
    ``at``. Money in micro-tokens."""

    name: str
    order: str
    subject: str
    words: list[str] = []
    amount: int | None = None
    reference: str | None = None
    by: str
    role: str
    at: int
    approved_by: str | None = None
    stage: Stage
    reason: str
    outcome: Outcome | None


class Orders(Page):
    """Orders, oldest first."""

    items: list[OrderNow]


@router.post("/commands", status_code=202, **needs(Role.OPERATOR, *WRITES))
def order_command(desk: AtDesk, caller: Caller, new: NewCommand, response: Response) -> OrderNow:
    """Command a meter. What it has made of it is read under the address in Location."""
    return _ordered(desk, desk.site_of(caller).command(new.meter, new.words, new.valid_s), response)


@router.post("/recharges", status_code=202, **needs(Role.OPERATOR, *WRITES))
def order_recharge(desk: AtDesk, caller: Caller, new: NewTransfer, response: Response) -> OrderNow:
    """Bring tokens into an account."""
    ordered = desk.site_of(caller).order("recharge", new.account, new.amount, new.reference)
    return _ordered(desk, ordered.name, response)


@router.post("/recoveries", status_code=202, **needs(Role.ADMINISTRATOR, *WRITES))
def order_recovery(desk: AtDesk, caller: Caller, new: NewTransfer, response: Response) -> OrderNow:
    """Take tokens out of an account, to be paid out."""
    ordered = desk.site_of(caller).order("recovery", new.account, new.amount, new.reference)
    return _ordered(desk, ordered.name, response)


@router.get("/orders", **needs(Role.VIEWER))
def list_orders(desk: AtDesk, after: After = "", limit: Limit = 100) -> Orders:
    """All orders, oldest first."""
    names, more = paged(progress.names(desk.site), after, limit)
    found = [one for one in (progress.find(desk.site, name) for name in names) if one is not None]
    return Orders(items=[_shown(one) for one in found], next=more)


@router.get("/orders/{name}", **needs(Role.VIEWER))
def read_order(desk: AtDesk, name: Name) -> OrderNow:
    """One order, and what has become of it."""
    found = progress.find(desk.site, name)
    if found is None:
        raise Missing(f"There is no order {name}.")
    return _shown(found)


@router.post("/orders/{name}/approval", status_code=202, **needs(Role.OPERATOR, 409))
def approve_order(desk: AtDesk, caller: Caller, name: Name, response: Response) -> OrderNow:
    """Approve, as a second person, an order that is held: with it, many meters are cut off within an hour."""
    read_order(desk, name)
    return _ordered(desk, desk.site_of(caller).approve(name), response)


def _ordered(desk: Desk, name: str, response: Response) -> OrderNow:
    response.headers["location"] = f"{desk.prefix}/orders/{name}"
    return read_order(desk, name)


def _shown(one: Progress) -> OrderNow:
    order = one.order
    common = {
        "name": one.name,
        "order": order.order,
        "by": order.by.name,
        "role": order.by.role,
        "at": order.by.at,
        "stage": one.stage,
        "reason": one.reason,
        "outcome": asdict(one.outcome) if one.outcome else None,
    }
    if isinstance(order, CommandOrder):
        approved = order.approved.name if order.approved else None
        return OrderNow.model_validate({**common, "subject": order.meter, "words": order.words, "approved_by": approved})
    if isinstance(order, Approval):
        return OrderNow.model_validate({**common, "subject": order.of})
    if isinstance(order, (RevokeOrder, ReadmitOrder, CommissionOrder)):
        return OrderNow.model_validate({**common, "subject": order.meter})
    transfer = {"subject": order.account, "amount": order.amount, "reference": order.reference}
    return OrderNow.model_validate({**common, **transfer})
