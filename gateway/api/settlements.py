"""/settlements: what each interval came to."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from blockchain_iface.state.records import CERTIFIED, SPREAD, Interval

from ..core.api_key import Role
from .desk import AtDesk, Missing
from .rules import Limit, Page, needs

router = APIRouter(prefix="/settlements", tags=["settlements"])
Second = Annotated[int, Query(ge=0, lt=1 << 33, description="Unix seconds.")]


class TradeNow(BaseModel):
    """``wh`` from seller to buyer."""

    seller: str
    buyer: str
    wh: int


class EnergyNow(BaseModel):
    """A metering point's energy in Wh, and how it is known: certified, spread from a longer span, or scheduled."""

    point: str
    imported: int
    exported: int
    known: str


class SettlementNow(BaseModel):
    """A settled interval of ``dt`` seconds, newest revision. Price in micro-tokens per kWh, mu in millionths."""

    t0: int
    dt: int
    revision: int
    price: int
    mu_ppm: int
    traded_wh: int
    unexplained_wh: int | None
    trades: list[TradeNow]
    measured: list[EnergyNow]


class Settlements(Page):
    """Settled intervals by time."""

    items: list[SettlementNow]


@router.get("", **needs(Role.VIEWER))
def list_settlements(desk: AtDesk, after: Second | None = None, limit: Limit = 60) -> Settlements:
    """The settled among the ``limit`` intervals that begin later than ``after``; without it, among the newest."""
    now = desk.view().time
    with desk.archive() as archive:
        state = desk.state(archive)
        length = state.rules.interval
        newest = now - now % length
        first = newest - (limit - 1) * length if after is None else after - after % length + length
        times = range(first, min(first + limit * length, newest + 1), length)
        found = [interval for t0 in times if (interval := state.intervals.get(t0)) is not None]
    items = [_shown(interval, length) for interval in found if interval.revision is not None]
    return Settlements(items=items, next=times[-1] if times and times[-1] < newest else None)


@router.get("/{t0}", **needs(Role.VIEWER))
def read_settlement(desk: AtDesk, t0: Annotated[int, Path(ge=0, lt=1 << 33)]) -> SettlementNow:
    """The interval that begins at Unix second ``t0``."""
    with desk.archive() as archive:
        state = desk.state(archive)
        interval = state.intervals.get(t0)
        if interval is None or interval.revision is None:
            raise Missing(f"No settled interval begins at {t0}.")
        return _shown(interval, state.rules.interval)


def _shown(interval: Interval, length: int) -> SettlementNow:
    assert interval.revision is not None  # settled
    return SettlementNow(
        t0=interval.t0,
        dt=length,
        revision=interval.revision,
        price=interval.price,
        mu_ppm=interval.mu_ppm,
        traded_wh=interval.traded_wh,
        unexplained_wh=interval.unexplained_wh,
        trades=[TradeNow(seller=trade.seller, buyer=trade.buyer, wh=trade.wh) for trade in interval.trades],
        measured=[
            EnergyNow(point=point, imported=energy.imported, exported=energy.exported, known=_known(energy.quality))
            for point, energy in interval.measured
        ],
    )


def _known(quality: int) -> str:
    return {CERTIFIED: "certified", SPREAD: "spread"}.get(quality, "scheduled")
