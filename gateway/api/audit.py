"""/audit: who ordered what, as the ledger has it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from blockchain_iface.state.entries import Action
from firmware.wire import cose

from ..core.api_key import Role
from .desk import AtDesk
from .rules import Limit, Page, needs

router = APIRouter(prefix="/audit", tags=["audit"])
_MOST_READ = 20_000
_TYPE = Action.TYPE.encode()


class ActionNow(BaseModel):
    """``actor``, in ``role``, did ``verb`` to ``subject`` at Unix second ``at``; ``reference`` names the order."""

    index: int
    actor: str
    role: str
    verb: str
    subject: str
    reference: str
    at: int


class Actions(Page):
    """Actions in the ledger's order. A page that ends early is no end: look for ``next``."""

    items: list[ActionNow]


@router.get("", **needs(Role.VIEWER))
def list_actions(desk: AtDesk, after: Annotated[int, Query(ge=-1, lt=1 << 53)] = -1, limit: Limit = 100) -> Actions:
    """What people have ordered, from entry ``after`` on. A page looks at 20,000 entries at most."""
    found: list[ActionNow] = []
    with desk.archive() as archive:
        for looked, entry in enumerate(archive.entries(after), 1):
            after = entry.index
            # cheap first: the type stands in the statement's bytes as it is
            if _TYPE in entry.data and (statement := cose.parse(entry.data)).type == Action.TYPE:
                body = Action.decode(statement.payload)
                names = {name: getattr(body, name) for name in ActionNow.model_fields if name != "index"}
                found.append(ActionNow(index=entry.index, **names))
            if len(found) == limit or looked == _MOST_READ:
                return Actions(items=found, next=after)
    return Actions(items=found, next=None)
