"""/registry: what people write about meters, whom to call, and tariffs: registry.json, which they may also edit by hand."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path

from ..adapters.registry_rows import Contact, Row, Tariff, Unit
from ..core.api_key import Role
from .desk import AtDesk, Caller, Desk, Missing
from .rules import WRITES, After, Limit, Page, needs, paged

router = APIRouter(prefix="/registry", tags=["registry"])
R = TypeVar("R", bound=Row)
Key = Annotated[str, Path(pattern="^[a-z0-9-]{1,32}$", description="The row's own name, which its body repeats.")]


class Units(Page):
    """All meters' names and places."""

    items: list[Unit]


class Contacts(Page):
    """All people to call."""

    items: list[Contact]


class Tariffs(Page):
    """All tariffs' names, and who is on them."""

    items: list[Tariff]


class Mismatch(Exception):
    """The body is of another row than the path."""


@router.get("/units", **needs(Role.VIEWER))
def list_units(desk: AtDesk, after: After = "", limit: Limit = 100) -> Units:
    """What the meters are called, and where they are."""
    rows = desk.site.registry.book().units
    names, more = paged(sorted(rows), after, limit)
    return Units(items=[rows[name] for name in names], next=more)


@router.get("/units/{key}", **needs(Role.VIEWER))
def read_unit(desk: AtDesk, key: Key) -> Unit:
    """One meter's name and place."""
    return _found(desk.site.registry.book().units, key)


@router.put("/units/{key}", **needs(Role.OPERATOR, *WRITES))
def edit_unit(desk: AtDesk, caller: Caller, key: Key, unit: Unit) -> Unit:
    """Name a meter and its place."""
    return _edited(desk, caller, key, unit)


@router.get("/contacts", **needs(Role.OPERATOR))
def list_contacts(desk: AtDesk, after: After = "", limit: Limit = 100) -> Contacts:
    """Whom to call."""
    rows = desk.site.registry.book().contacts
    names, more = paged(sorted(rows), after, limit)
    return Contacts(items=[rows[name] for name in names], next=more)


@router.get("/contacts/{key}", **needs(Role.OPERATOR))
def read_contact(desk: AtDesk, key: Key) -> Contact:
    """One person."""
    return _found(desk.site.registry.book().contacts, key)


@router.put("/contacts/{key}", **needs(Role.OPERATOR, *WRITES))
def edit_contact(desk: AtDesk, caller: Caller, key: Key, contact: Contact) -> Contact:
    """Write down a person."""
    return _edited(desk, caller, key, contact)


@router.delete("/contacts/{key}", status_code=204, **needs(Role.OPERATOR, 409))
def remove_contact(desk: AtDesk, caller: Caller, key: Key) -> None:
    """Strike a person out."""
    _found(desk.site.registry.book().contacts, key)
    desk.site_of(caller).erase(Contact, key)


@router.get("/tariffs", **needs(Role.VIEWER))
def list_tariffs(desk: AtDesk, after: After = "", limit: Limit = 100) -> Tariffs:
    """What tariffs are called, and who is on them. What is paid is the ledger's."""
    rows = desk.site.registry.book().tariffs
    names, more = paged(sorted(rows), after, limit)
    return Tariffs(items=[rows[name] for name in names], next=more)


@router.get("/tariffs/{key}", **needs(Role.VIEWER))
def read_tariff(desk: AtDesk, key: Key) -> Tariff:
    """One tariff."""
    return _found(desk.site.registry.book().tariffs, key)


@router.put("/tariffs/{key}", **needs(Role.OPERATOR, *WRITES))
def edit_tariff(desk: AtDesk, caller: Caller, key: Key, tariff: Tariff) -> Tariff:
    """Write down a tariff. Prices that are not the ledger's are refused."""
    return _edited(desk, caller, key, tariff)


@router.delete("/tariffs/{key}", status_code=204, **needs(Role.OPERATOR, 409))
def remove_tariff(desk: AtDesk, caller: Caller, key: Key) -> None:
    """Strike a tariff out."""
    _found(desk.site.registry.book().tariffs, key)
    desk.site_of(caller).erase(Tariff, key)


def _found(rows: Mapping[str, R], key: str) -> R:
    if key not in rows:
        raise Missing(f"There is no {key}.")
    return rows[key]


def _edited(desk: Desk, caller: Caller, key: str, row: R) -> R:
    if row.key != key:
        raise Mismatch(f"The path is of {key}, the body of {row.key}.")
    desk.site_of(caller).edit(row)
    return row
