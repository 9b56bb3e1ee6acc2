"""What was asked of a demo, and what came of it."""

from dataclasses import dataclass

from hil.bench.audit import Reckoning
from hil.bench.outages import Outage


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for. ``duration_s`` None: until Ctrl-C."""

    duration_s: float | None
    interval_s: int
    meters: int
    seed: int
    power_cut: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """A demo that ran to its end."""

    wishes: Wishes
    reckoning: Reckoning
    ran_s: float
    first_settlement_s: float | None
    unexplained_wh: int
    outages: tuple[Outage, ...]
