"""What has become of people's orders: read from the site's directory, whether the gateway runs or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .adapters import orders
from .adapters.orders import AnyOrder, CommandOrder, OrderError
from .core.view import Outcome
from .site import Site


class Stage(StrEnum):
    """How far an order is. It goes down this list, and ends in one of the last two."""

    WAITING = "waiting"
    """The gateway has not looked at it."""
    HELD = "held"
    """It waits for a second person."""
    SENT = "sent"
    """A command, on record and on its way until the meter answers."""
    REFUSED = "refused"
    DONE = "done"
    """On the ledger; a command has its outcome, which may be a bad one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """An order, how far it is, why it was refused, and how its command ended."""

    name: str
    order: AnyOrder
    stage: Stage
    reason: str
    outcome: Outcome | None


def find(site: Site, name: str) -> Progress | None:
    """The order of this ``name``, which is none of a path's own words; None if there is no valid one."""
    # in the order in which it moves, so that it is not missed on its way
    for place, stage in (("", Stage.WAITING), ("held", Stage.HELD), ("refused", Stage.REFUSED), ("done", Stage.DONE)):
        try:
            order = orders.parse((_inbox(site) / place / f"{name}.json").read_bytes())
        except (FileNotFoundError, OrderError):
            continue
        outcome = site.outcomes.of(name)
        if stage is Stage.DONE and isinstance(order, CommandOrder) and outcome is None:
            stage = Stage.SENT  # noqa: PLW2901 - seen more closely
        return Progress(name, order, stage, site.refusal(name) or "", outcome)
    return None


def names(site: Site) -> list[str]:
    """Of all orders, oldest first."""
    return sorted(set(_names(_inbox(site))))


def _names(inbox: Path) -> Iterator[str]:
    for place in ("", "held", "refused", "done"):
        yield from (path.stem for path in (inbox / place).glob("[!.]*.json"))


def _inbox(site: Site) -> Path:
    return site.root / "orders"
