"""Whether the gateway is well: figures in, checks out. Each check says its value, its limit, and what to do next."""

from dataclasses import dataclass
from typing import Literal

WAITING_S = 30
"""A block takes 50 ms, with other shadow centres a few seconds. Meters send again after 3 to 60 s."""
LINK_S = 15
"""A broker that died, or was started again because somebody was revoked, has everybody back within 6 s."""
BEAT_S = 30
"""The worker comes round twenty times a second. A catch-up over three years takes some seconds."""
DISK_BYTES = 256 << 20
"""A week of 1,000 meters at quarter hours (34 MB of ledger a day): time to make room before meters have to wait."""
STANDBY_S = 30
"""The site's papers are looked through every second. Blocks are no question of age: without the standby there is none."""
STEP_S = 1.0
"""After a larger step, what the gateway told meters was false: a clock that something keeps is right to less."""
STEP_SHOWN_S = 600
"""How long a step stays red: the longest in which every meter has asked for the time again."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The gateway's condition at one moment. Ages and durations in seconds; None: not known."""

    head_age_s: int | None
    """Of the ledger's newest block."""
    waiting_s: float
    """How long the oldest statement in hand has been waiting for its block; 0 if none is."""
    link_down_s: float
    """Since when there is no connection to the broker; 0 if there is one."""
    beat_age_s: float
    """Since the worker came round."""
    disk_free: int
    """Bytes that the gateway may still write."""
    clock_synchronised: bool | None
    """Whether something keeps the computer's clock right."""
    step_s: float
    """The last step of the computer's clock, 0 if there was none."""
    step_age_s: float | None
    """Since then."""
    standby_age_s: float | None = None
    """Since the standby's papers were complete; without a standby None."""
    unheard: int = 0
    """Meters that have not said yet that a restored ledger lacks nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question. ``do`` is what to do next, "" if nothing."""

    name: Literal["ledger", "broker", "worker", "disk", "clock", "standby", "restored"]
    well: bool
    value: float | None
    limit: float
    unit: Literal["s", "B", "meters"]
    says: str
    do: str = ""


def judge(figures: Figures) -> tuple[Check, ...]:
    """All checks, each well or not. The gateway is well if all are."""
    checks = [_ledger(figures), _broker(figures), _worker(figures), _disk(figures), _clock(figures)]
    if figures.standby_age_s is not None:
        checks.append(_standby(figures.standby_age_s))
    if figures.unheard:
        do = "see the log for which; `skerry gateway accept` goes on without them"
        says = "this is a restored copy, and not all meters have said that they hold no later receipt"
        checks.append(Check("restored", False, figures.unheard, 0, "meters", says, do))
    return tuple(checks)


def _ledger(figures: Figures) -> Check:
    """An old head alone is a quiet night: it is too old when meters' statements wait for the next one."""
    age, waiting = figures.head_age_s, figures.waiting_s
    if waiting <= WAITING_S or (age is not None and age <= WAITING_S):
        says = "there is no block yet" if age is None else f"the newest block is {age} s old, and nothing waits for the next"
        return Check("ledger", True, age, WAITING_S, "s", says)
    says = f"statements have been waiting for {waiting:.0f} s"
    do = "see the log for why the ledger takes nothing; the meters keep everything meanwhile"
    return Check("ledger", False, age, WAITING_S, "s", says, do)


def _broker(figures: Figures) -> Check:
    down = figures.link_down_s
    if down <= LINK_S:
        return Check("broker", True, down, LINK_S, "s", "connected" if not down else "connecting again")
    do = "see the log for the broker's last words; it is started again by itself unless its port is taken"
    return Check("broker", False, down, LINK_S, "s", f"no connection for {down:.0f} s", do)


def _worker(figures: Figures) -> Check:
    age = figures.beat_age_s
    if age <= BEAT_S:
        return Check("worker", True, age, BEAT_S, "s", "at work")
    do = "restart the gateway (under systemd that happens by itself) and report this with the log; nothing receipted is lost"
    return Check("worker", False, age, BEAT_S, "s", f"stuck for {age:.0f} s", do)


def _disk(figures: Figures) -> Check:
    free = figures.disk_free
    says = f"{free >> 20} MiB are free"
    if free >= DISK_BYTES:
        return Check("disk", True, free, DISK_BYTES, "B", says)
    return Check("disk", False, free, DISK_BYTES, "B", says, "make room where the site lies; nothing else is needed")


def _standby(age: float) -> Check:
    if age <= STANDBY_S:
        return Check("standby", True, age, STANDBY_S, "s", "the site's papers are there, too")
    do = "see the log, and whether its disk is there, has room and may be written to"
    return Check("standby", False, age, STANDBY_S, "s", f"nothing was written there for {age:.0f} s", do)


def _clock(figures: Figures) -> Check:
    age = figures.step_age_s
    if age is not None and age <= STEP_SHOWN_S:
        do = "find out what set the clock; meters ask for the time again by themselves"
        says = f"it was set by {figures.step_s:+.1f} s, {age:.0f} s ago"
        return Check("clock", False, abs(figures.step_s), STEP_S, "s", says, do)
    if figures.clock_synchronised is False:
        do = "give this computer a source of time (chrony or systemd-timesyncd): the meters get theirs from it"
        return Check("clock", False, None, STEP_S, "s", "nothing keeps it right", do)
    says = "kept right" if figures.clock_synchronised else "the system does not say what keeps it right"
    return Check("clock", True, 0, STEP_S, "s", says)
