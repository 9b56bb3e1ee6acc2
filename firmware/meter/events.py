"""The meter's own events: noted at once, signed in steps, on the flash before anybody can have seen them.

    record(kind, details)      notes what happens now, with the time as it is known now
    record(..., then)          and calls ``then`` as soon as the event is on the flash, before it can be sent
    keep_steps()               signs and keeps all that is noted, in order, each with the id of the one before

Whoever must not go on before an event is on the flash records it and takes all steps of ``keep_steps``. Two of them must not
be under way at once: the app's lock sees to that.

If the flash has destroyed the newest event, nobody here knows its id any more, though the ledger may have it. The next one then
leaves a number out, which people see, and names no predecessor: it could only name a wrong one.
"""

from ..wire import cose, event
from ..wire.receipt import EVENT
from ..wire.signer import Signer
from .delivery import Delivery
from .statements import Statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..wire.steps import Steps
    from .timekeeper import Moment

_WAITING = 32  # events noted and not yet kept: more are a defect or a full flash, and RAM is dearer
_UNKNOWN = bytes(32)  # the previous id, when the flash has lost the event it belongs to


class Events:
    """One meter's events.

    Attributes:
        delivery: sends them until they are receipted.
        dropped: events not noted for lack of room.
        signer: the meter's present key.
    """

    def __init__(self, kept: Statements, signer: Signer, site: str, meter: str, boot: int) -> None:
        self.delivery = Delivery(kept, EVENT)
        self.dropped = 0
        self._kept = kept
        self.signer = signer
        self._names = site, meter
        self._boot = boot
        self._waiting: list[tuple[Moment, int, dict[int, object], Callable[[], None] | None]] = []
        self._prev = _newest_id(kept)

    @property
    def waiting(self) -> int:
        """How many are noted and not yet kept."""
        return len(self._waiting)

    def record(self, now: "Moment", kind: int, details: "dict[int, object]", then: "Callable[[], None] | None" = None) -> None:
        """Note that ``kind`` of event.BOOT, ... happened now; ``details`` as event.py says."""
        if len(self._waiting) >= _WAITING:
            self.dropped += 1
        else:
            self._waiting.append((now, kind, details, then))

    def keep_steps(self) -> "Steps[int]":
        """Sign and keep what is noted, in steps (see steps); returns how many were kept.

        SignerError or StoreFull: the event that failed, and those behind it, stay noted; call again.
        """
        kept = 0
        while self._waiting:
            now, kind, details, then = self._waiting[0]
            statement = yield from event.issue_steps(self.signer, *self._names, self._next(now, kind, details))
            number = self.next_number
            self._kept.add(EVENT, number, statement.data)
            self._prev = statement.id
            self._waiting.pop(0)
            self.delivery.outbox.add(number)
            if then is not None:
                then()
            kept += 1
        return kept

    def _next(self, now: "Moment", kind: int, details: "dict[int, object]") -> event.Event:
        number = self.next_number
        prev = None if number == 1 else self._prev or _UNKNOWN
        return event.Event(number, self._boot, prev, now.quality, now.time_ms, now.uptime_ms, kind, details)

    @property
    def next_number(self) -> int:
        """The next event's."""
        last = self._kept.last(EVENT)
        return last + 1 if self._prev or not last else last + 2


def _newest_id(kept: Statements) -> "bytes | None":
    """The id of the event with the highest number; None if there is none, or the flash has destroyed it."""
    newest = kept.newest(EVENT)
    if newest is None:
        return None
    statement = cose.parse(newest, event.MAX_SIZE)
    return statement.id if event.decode(statement.payload).number == kept.last(EVENT) else None
