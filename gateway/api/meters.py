"""/meters: what each meter says, has certified, and still owes."""

from dataclasses import dataclass

from fastapi import APIRouter

from ..core.api_key import Role
from ..core.view import MeterView
from .desk import AtDesk, Missing
from .rules import After, Limit, MeterId, Page, needs, paged

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
def list_meters(desk: AtDesk, after: After = "", limit: Limit = 100) -> Meters:
    """All meters, by name."""
    meters = {one.meter: one for one in desk.view().meters}
    names, more = paged(sorted(meters), after, limit)
    return Meters(items=[_now(meters[name]) for name in names], next=more)


@router.get("/{meter}", **needs(Role.VIEWER))
def read_meter(desk: AtDesk, meter: MeterId) -> MeterNow:
    """One meter."""
    for one in desk.view().meters:
        if one.meter == meter:
            return _now(one)
    raise Missing(f"There is no meter {meter}.")


def _now(one: MeterView) -> MeterNow:
    return MeterNow(**vars(one), owed=one.debt, look_after=one.warnings)
