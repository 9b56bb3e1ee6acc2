"""/keys: who may ask, and for what."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from ..adapters.api_keys import NAME
from ..core.api_key import ApiKey, Role
from .desk import AtDesk, Caller, Missing
from .rules import WRITES, After, Limit, Page, needs, paged

router = APIRouter(prefix="/keys", tags=["keys"])


class KeyNow(BaseModel):
    """Whose key there is, what for, and since when (Unix seconds). The key itself is kept nowhere."""

    name: str
    role: Role
    created: int


class Keys(Page):
    """All keys."""

    items: list[KeyNow]


class NewKey(BaseModel, extra="forbid"):
    """Whose key is to be made, and what for."""

    name: Annotated[str, Field(pattern=NAME)]
    role: Role


class IssuedKey(BaseModel):
    """A key, shown this once."""

    name: str
    role: Role
    key: str


@router.get("", **needs(Role.ADMINISTRATOR))
def list_keys(desk: AtDesk, after: After = "", limit: Limit = 100) -> Keys:
    """All keys, by name."""
    keys = {key.name: key for key in desk.site.api_keys.all()}
    names, more = paged(sorted(keys), after, limit)
    return Keys(items=[_shown(keys[name]) for name in names], next=more)


@router.post("", status_code=201, **needs(Role.ADMINISTRATOR, *WRITES))
def add_key(desk: AtDesk, caller: Caller, new: NewKey) -> IssuedKey:
    """Make a key."""
    return IssuedKey(name=new.name, role=new.role, key=desk.site_of(caller).add_key(new.name, new.role))


@router.delete("/{name}", status_code=204, **needs(Role.ADMINISTRATOR))
def remove_key(desk: AtDesk, caller: Caller, name: Annotated[str, Path(pattern=NAME)]) -> None:
    """Take a key away, at once."""
    if name not in {key.name for key in desk.site.api_keys.all()}:
        raise Missing(f"{name} has no key.")
    desk.site_of(caller).remove_key(name)


def _shown(key: ApiKey) -> KeyNow:
    return KeyNow(name=key.name, role=key.role, created=key.created)
