"""/ledger/entries: the signed statements on the ledger, and what proves that they are there."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from blockchain_iface.archive import Archive
from blockchain_iface.ledger import Entry
from blockchain_iface.prove import prove
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.describe import describe

from ..core.api_key import Role
from .desk import AtDesk, Missing
from .rules import Limit, Number, Page, needs

router = APIRouter(prefix="/ledger/entries", tags=["ledger"])


class EntryNow(BaseModel):
    """A final entry: its place, what it says, and its bytes in hex. ``body`` is null if nothing here can read it."""

    index: int
    height: int
    id: str
    type: str
    issuer: str
    subject: str
    kid: str
    signature: str
    body: Any
    data: str


class Entries(Page):
    """Entries by index."""

    items: list[EntryNow]


class ReceiptNow(BaseModel):
    """The COSE Receipt (RFC 9942) of an entry in hex: what the gateway itself hands out."""

    index: int
    height: int
    id: str
    receipt: str


class Proof(BaseModel):
    """A standalone receipt as `skerry verify` takes it: byte strings in hex. See blockchain_iface/bundle.py."""

    skerry: str
    entry: str
    receipt: str
    authority: list[str]
    authority_receipts: list[str]
    genesis: str
    genesis_receipt: str
    block: str
    meter_key: str | None
    operator_key: str


@router.get("", **needs(Role.VIEWER))
def list_entries(desk: AtDesk, after: Annotated[int, Query(ge=-1, lt=1 << 53)] = -1, limit: Limit = 100) -> Entries:
    """Entries in the ledger's order."""
    with desk.archive() as archive:
        found = [entry for _, entry in zip(range(limit), archive.entries(after, limit), strict=False)]
    return Entries(items=[shown(entry) for entry in found], next=found[-1].index if len(found) == limit else None)


@router.get("/{index}", **needs(Role.VIEWER))
def read_entry(desk: AtDesk, index: Number) -> EntryNow:
    """One entry."""
    with desk.archive() as archive:
        return shown(at(archive, index))


@router.get("/{index}/receipt", **needs(Role.VIEWER))
def read_receipt(desk: AtDesk, index: Number) -> ReceiptNow:
    """The receipt of an entry."""
    with desk.archive() as archive:
        return receipt_of(archive, at(archive, index))


@router.get("/{index}/proof", **needs(Role.VIEWER))
def read_proof(desk: AtDesk, index: Number) -> Proof:
    """All that it takes to check an entry without this gateway."""
    with desk.archive() as archive:
        return Proof.model_validate_json(prove(archive, at(archive, index), Verifier()).to_json())


def shown(entry: Entry) -> EntryNow:
    """An entry for the caller."""
    return EntryNow.model_validate(
        {"index": entry.index, "height": entry.height, **describe(entry.data), "data": entry.data.hex()}
    )


def receipt_of(archive: Archive, entry: Entry) -> ReceiptNow:
    """Its receipt for the caller."""
    return ReceiptNow(index=entry.index, height=entry.height, id=entry.id.hex(), receipt=archive.receipt(entry).hex())


def at(archive: Archive, index: int) -> Entry:
    """The entry at ``index``. Missing."""
    entry = next(archive.entries(index - 1, 1), None)
    if entry is None or entry.index != index:
        raise Missing(f"The ledger ends before entry {index}.")
    return entry
