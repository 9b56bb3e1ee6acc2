"""/refusals: messages that were not taken, by reason, since the gateway started."""

from fastapi import APIRouter
from pydantic import BaseModel

from ..core.api_key import Role
from .desk import AtDesk
from .rules import Page, needs

router = APIRouter(prefix="/refusals", tags=["refusals"])


class RefusalNow(BaseModel):
    """How many messages were refused for one reason; see gateway/core/refusal.py."""

    reason: str
    count: int


class Refusals(Page):
    """All of them: there are no more than reasons."""

    items: list[RefusalNow]


@router.get("", **needs(Role.VIEWER))
def list_refusals(desk: AtDesk) -> Refusals:
    """Refused messages by reason."""
    counted = sorted(desk.view().refusals.items())
    return Refusals(items=[RefusalNow(reason=reason, count=count) for reason, count in counted], next=None)
