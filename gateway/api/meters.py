"""/meters: what each meter says, has certified, and still owes."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from ..core.api_key import Role
from ..core.view import MeterView
from .desk import AtDesk, Missing
from .rules import Limit, MeterId, Page, needs

router = APIRouter(prefix="/meters", tags=["meters"])


@dataclass(frozen=True, kw_only=True)
class MeterNow(MeterView):
    """A meter now. Power in W (above zero: taken from the island), energy in Wh, money in micro-tokens, times in Unix s."""

    owed: int
    """Certificates issued, and neither receipted nor given up."""
    look_after: tuple[str, ...]
    """What people should look at, and how."""


class Meters(Page):
    """Meters by name."""

    items: list[MeterNow]


@router.get("", **needs(Role.VIEWER))
def list_meters(desk: AtDesk, after: Annotated[str, Query(max_length=32)] = "", limit: Limit = 100) -> Meters:
    """All meters, by name."""
    meters = sorted(desk.view().meters, key=lambda one: one.meter)
    first = bisect_right([one.meter for one in meters], after)
    found = meters[first : first + limit]
    more = first + limit < len(meters)
    return Meters(items=[_now(one) for one in found], next=found[-1].meter if more else None)


@router.get("/{meter}", **needs(Role.VIEWER))
def read_meter(desk: AtDesk, meter: MeterId) -> MeterNow:
    """One meter."""
    for one in desk.view().meters:
        if one.meter == meter:
            return _now(one)
    raise Missing(f"There is no meter {meter}.")


def _now(one: MeterView) -> MeterNow:
    return MeterNow(**vars(one), owed=one.debt, look_after=one.warnings)
