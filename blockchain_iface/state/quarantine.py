"""Quarantine: two devices sign as one meter, so what its metering point measures is kept and held back from settlement.

The energy may be real, and one of two copies is honest, so certificates are verified, receipted and counted as ever, and their
meters need not keep them. Settlement takes the point at its schedule, as if it were silent. What had been settled before stays.
A person ends it by an entry: a readmission, a revocation of the key, or an exchange of the meter. Then every interval that
was held is opened again and trued up.
"""

from firmware.wire import receipt

from .records import Hold
from .state import State


def is_held(state: State, point: str) -> bool:
    """True if what ``point`` measures is not settled now."""
    hold = state.holds.get(point)
    return hold is not None and hold.holds


def held(state: State) -> list[str]:
    """The points that are in quarantine."""
    return [point for point, hold in state.holds.items() if hold.holds]


def begin(state: State, meter: str, kid: bytes) -> None:
    """Two devices were found to sign with the key ``kid`` of ``meter``. Nothing to hold if it signs or meters no more."""
    point = state.meters[meter].point
    signs = state.keys[kid].signs(receipt.CERTIFICATE, state.chain(receipt.CERTIFICATE, meter).highest + 1)
    if signs and state.points[point].meter == meter and not is_held(state, point):
        before = state.holds.get(point) or Hold()
        state.holds.put(point, Hold(before.number + 1, (), 1))


def end(state: State, point: str) -> None:
    """A person has decided: what was held is settled from now on."""
    hold = state.holds.get(point)
    if hold is not None and hold.holds:
        state.holds.put(point, Hold(hold.number))
        for first, last in hold.runs:
            state.reopen(first, last)


def news(state: State, point: str, first: int, last: int) -> None:
    """More is known of ``point`` from interval t0 ``first`` to ``last``: to be settled now, or once nothing holds it."""
    hold = state.holds.get(point)
    if hold is not None and hold.holds:
        state.holds.put(point, hold.joined(first, last, state.rules.interval))
    else:
        state.reopen(first, last)
