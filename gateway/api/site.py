"""/site: the site as a whole."""

from fastapi import APIRouter
from pydantic import BaseModel

from ..core.api_key import Role
from ..core.view import PriceView
from .desk import AtDesk
from .rules import needs

router = APIRouter(prefix="/site", tags=["site"])


class SiteNow(BaseModel):
    """The site in one picture. Times in Unix seconds, money in micro-tokens; ``debt`` is certificates not delivered yet."""

    site: str
    interval_s: int
    time: int
    started: int
    broker: str
    meters: int
    debt: int
    recharged: int
    recovered: int
    balances: int
    price: PriceView | None


@router.get("", **needs(Role.VIEWER))
def read_site(desk: AtDesk) -> SiteNow:
    """The site in one picture."""
    view = desk.view()
    return SiteNow(
        site=view.site,
        interval_s=view.interval_s,
        time=view.time,
        started=view.started,
        broker=view.broker,
        meters=len(view.meters),
        debt=view.debt,
        recharged=view.recharged,
        recovered=view.recovered,
        balances=view.balances,
        price=view.price,
    )
