"""/meters/{meter}/certificates: what a meter has signed of its energy, each with its receipt."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from blockchain_iface.state.records import CertificateFact, Chain
from blockchain_iface.state.state import State

from ..core.api_key import Role
from .desk import AtDesk, Missing
from .entries import EntryNow, receipt_of, shown
from .rules import Limit, MeterId, Page, needs

router = APIRouter(prefix="/meters/{meter}/certificates", tags=["certificates"])
Seq = Annotated[int, Path(ge=1, lt=1 << 32)]


class Span(BaseModel):
    """A certificate in short: from ``t0`` to ``end`` in Unix seconds, registers [import, export] in Wh."""

    number: int
    id: str
    t0: int
    end: int
    opening: tuple[int, int]
    closing: tuple[int, int]


class Certificates(Page):
    """Certificates by number."""

    items: list[Span]


class CertificateNow(BaseModel):
    """A certificate as it lies on the ledger, and the COSE Receipt that proves it, in hex."""

    number: int
    entry: EntryNow
    receipt: str


@router.get("", **needs(Role.VIEWER))
def list_certificates(
    desk: AtDesk, meter: MeterId, after: Annotated[int, Query(ge=0, lt=1 << 32)] = 0, limit: Limit = 100
) -> Certificates:
    """A meter's certificates that are on the ledger, by number; those that are missing are left out."""
    with desk.archive() as archive:
        state = desk.state(archive)
        last = min(_chain(state, meter).highest, after + limit)
        facts = [(number, state.certificates.get((meter, number))) for number in range(after + 1, last + 1)]
        more = last < _chain(state, meter).highest
    return Certificates(items=[_span(number, fact) for number, fact in facts if fact is not None], next=last if more else None)


@router.get("/{number}", **needs(Role.VIEWER))
def read_certificate(desk: AtDesk, meter: MeterId, number: Seq) -> CertificateNow:
    """One certificate and its receipt."""
    with desk.archive() as archive:
        state = desk.state(archive)
        _chain(state, meter)
        fact = state.certificates.get((meter, number))
        if fact is None:
            raise Missing(f"Certificate {number} of {meter} is not on the ledger.")
        entry = archive.named(fact.id.hex())
        return CertificateNow(number=number, entry=shown(entry), receipt=receipt_of(archive, entry).receipt)


def _chain(state: State, meter: str) -> Chain:
    if meter not in state.meters:
        raise Missing(f"There is no meter {meter}.")
    return state.chains.get(meter) or Chain()


def _span(number: int, fact: CertificateFact) -> Span:
    return Span(number=number, id=fact.id.hex(), t0=fact.t0, end=fact.end, opening=fact.opening, closing=fact.closing)
