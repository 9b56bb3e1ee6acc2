"""The headline: is every certificate on the ledger, and if not, who owes and is it serious? Pure."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.core.view import MeterView

from .watch import PATIENCE, Watch
from .words import age, count, plural


class Tone(StrEnum):
    """What the style sheet colours a figure by; words always say the same."""

    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


@dataclass(frozen=True)
class Verdict:
    """One line to read from across the room, and one to read next."""

    tone: Tone | None
    headline: str
    detail: str


def verdict(watch: Watch) -> Verdict:
    """Delivery debt in words: good at zero, bad as soon as one meter owes for more than PATIENCE intervals."""
    view = watch.view
    if not view.meters:
        return Verdict(None, "No meters yet", "Enrol a meter, and it appears here.")
    silent = [meter for meter in view.meters if watch.is_silent(meter)]
    if view.debt == 0:
        if silent:
            return Verdict(Tone.GOOD, "Nothing owed", f"As far as is known: {_names(silent)} cannot be heard.")
        return Verdict(Tone.GOOD, "Nothing owed", "Every certificate that was issued is on the ledger.")
    headline = f"{plural(view.debt, 'certificate')} owed"
    late = [meter for meter in view.meters if watch.is_late(meter)]
    if late:
        return Verdict(Tone.BAD, headline, f"{_debts(watch, late)}: more than {PATIENCE} intervals. See to its link.")
    return Verdict(Tone.WAIT, headline, f"{_debts(watch, [m for m in view.meters if m.debt > 0])}. They are on their way.")


def debt_tone(watch: Watch, meter: MeterView) -> Tone | None:
    """The tone of one meter's debt; None if there is none."""
    if meter.debt == 0:
        return None
    return Tone.BAD if watch.is_late(meter) else Tone.WAIT


def _debts(watch: Watch, meters: list[MeterView]) -> str:
    worst = max(meters, key=lambda meter: (watch.owing_for(meter), meter.debt))
    owes = f"{worst.name} owes {count(worst.debt)}, for {age(watch.owing_for(worst))}"
    return owes if len(meters) == 1 else f"{owes}; {plural(len(meters) - 1, 'other meter')} too"


def _names(meters: list[MeterView]) -> str:
    return meters[0].name if len(meters) == 1 else plural(len(meters), "meter")
