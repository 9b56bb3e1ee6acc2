"""Who is supplied: the contact as commands, credit and load want it, and the events that tell of it. Time is an argument.

    open while      a command holds it open · the credit is exhausted · more than the limit was drawn
    closed again    at once by command; else after a pause of its own, or all houses would come back in the same second

Works on its own: the gateway may be away for as long as it likes.
"""

import binascii

from ..wire import command, event
from .control import DONE, FAILED, Answer, Control
from .credit import EMERGENCY, EXHAUSTED, FRIENDLY
from .load_control import LoadLimit
from .notes import StoreFull
from .relay import CLOSED, OPEN, Contact

STAGGER_MS = 120_000
_REDUCED_S = 60  # how long a limit for want of credit may be exceeded, if no other time was ordered
_ANSWER_MS = 10_000  # an answer waits so long for the contact and a reading


class Supply:
    """One metering point's supply. ``at`` is Unix seconds, None while the clock is not set; ``now`` monotonic milliseconds."""

    def __init__(self, control: Control, contact: Contact, meter: str, now: int) -> None:
        self.control = control
        self._contact = contact
        self._load = LoadLimit()
        self._stagger_ms = binascii.crc32(meter.encode()) % STAGGER_MS
        self._limit: tuple[int, int] | None = None
        self._close_at: int | None = None
        self._read_at: int | None = None
        self._obeyed_at = now
        self._telling: tuple[int, int] | None = None
        self._hasten(now)

    def obeyed(self, now: int) -> None:
        """A command was obeyed, and its answer is owed."""
        self._obeyed_at = now
        self._hasten(now)

    def read(self, w: int, now: int) -> None:
        """``w`` flow, import positive."""
        self._read_at = now
        self._contact.read(w, now)
        if self._contact.is_wanted:
            self._load.sample(w, self._limit, now)

    def charge(self, opening_wh: int, closing_wh: int) -> None:
        """A certificate with these import registers is kept; the newest one again after every start."""
        if self.control.account.charge(opening_wh, closing_wh):
            self._save()

    def tick(self, at: "int | None", now: int) -> None:
        """Make the contact what it is to be."""
        state = self.control.credit_state(at)
        limit = self._limit_in(state)
        if limit != self._limit:
            self._limit = limit
            self._load.reset()
        if self.holds(at, now):
            self._close_at = None
            self._contact.drive(False, now)
        elif self._contact.is_wanted:
            self._contact.drive(True, now)
        else:
            if self._close_at is None:
                self._close_at = now + self._stagger_ms
            if now >= self._close_at:
                self._contact.drive(True, now)

    def holds(self, at: "int | None", now: int) -> str:
        """What holds the contact open, "" if nothing does."""
        if self.control.opened:
            return "open by command"
        if self.control.credit_state(at) == EXHAUSTED:
            return "open for want of credit"
        return "open for too much load" if self._load.is_tripped(now) else ""

    def event(self, at: "int | None", now: int) -> "tuple[int, dict[int, object]] | None":
        """Kind and details of the event to be kept next, if any; call ``kept`` when it is."""
        state, condition = self.control.credit_state(at), self._contact.condition(now)
        answer = self.control.answer
        if answer is not None:
            if not self._is_settled(condition, now):
                return None
            self._telling = event.COMMAND, 0
            return event.COMMAND, self._answer(answer, condition, self.holds(at, now))
        if state != self.control.told[0]:
            self._telling = event.CREDIT, state
            return event.CREDIT, {1: state, 2: self.control.account.credit}
        if condition is not None and condition != self.control.told[1]:
            self._telling = event.CONTACT, condition
            return event.CONTACT, {1: condition, 2: self._contact.power(), 3: self.holds(at, now)}
        return None

    def kept(self) -> None:
        """The event that was asked for last is on the flash."""
        assert self._telling is not None
        kind, value = self._telling
        if kind == event.COMMAND:
            self.control.answer = None
        elif kind == event.CREDIT:
            self.control.told = value, self.control.told[1]
        else:
            self.control.told = self.control.told[0], value
        self._save()

    def _answer(self, answer: Answer, condition: "int | None", holds: str) -> "dict[int, object]":
        result, reason = answer.result, answer.reason
        if answer.kind == command.RELAY and result == DONE and condition != (OPEN if self.control.opened else CLOSED):
            result, reason = FAILED, (not self.control.opened and holds) or "the contact does not follow"
        says = self._contact.says
        return {1: answer.id, 2: result, 3: None if says is None else int(says), 4: self._power(), 5: reason}

    def _is_settled(self, condition: "int | None", now: int) -> bool:
        """Whether the contact stands still and a reading was taken since; or nobody wants to wait any more."""
        still = condition is not None or not self._contact.exists
        return (still and self._power() is not None) or now - self._obeyed_at >= _ANSWER_MS

    def _power(self) -> "int | None":
        """What flows since the command was obeyed, None while nobody has looked."""
        return self._contact.power() if self._read_at is not None and self._read_at > self._obeyed_at else None

    def _limit_in(self, state: int) -> "tuple[int, int] | None":
        """The limit in force: what was ordered, and less while the credit is used up."""
        limit, terms = self.control.limit, self.control.account.tariff
        if state not in (EMERGENCY, FRIENDLY) or terms is None or terms.reduced_w is None:
            return limit
        if limit is None:
            return terms.reduced_w, _REDUCED_S
        return min(limit[0], terms.reduced_w), limit[1]

    def _hasten(self, now: int) -> None:
        """Who orders the contact closed does not wait for its turn."""
        if self.control.answer is not None and self.control.answer.kind == command.RELAY:
            self._close_at = now

    def _save(self) -> None:
        try:
            self.control.save()
        except StoreFull:
            return  # it is noted with the next change; until then a power cut charges late or tells twice
