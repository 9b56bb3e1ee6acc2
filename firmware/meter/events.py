"""The meter's own events: noted at once, signed in steps, on the flash before anybody can have seen them.

    record(kind, details)      notes what happens now, with the time as it is known now
    keep_steps()               signs and keeps all that is noted, in order, each with the id of the one before

Whoever must not go on before an event is on the flash records it and takes all steps of ``keep_steps``. Two of them must not
be under way at once: the app's lock sees to that.
"""

from ..wire import cose, event
from ..wire.receipt import EVENT
from ..wire.signer import Signer
from .delivery import Delivery
from .statements import Statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.steps import Steps
    from .timekeeper import Moment

_WAITING = 32  # events noted and not yet kept: more are a defect or a full flash, and RAM is dearer
_UNKNOWN = bytes(32)  # the previous id, when the flash has lost the event it belongs to


class Events:
    """One meter's events.

    Attributes:
        delivery: sends them until they are receipted.
        dropped: events not noted for lack of room.
    """

    def __init__(self, kept: Statements, signer: Signer, site: str, meter: str, boot: int) -> None:
        self.delivery = Delivery(kept, EVENT)
        self.dropped = 0
        self._kept = kept
        self._signer = signer
        self._names = site, meter
        self._boot = boot
        self._waiting: list[tuple[Moment, int, dict[int, object]]] = []
        newest = kept.newest(EVENT)
        self._prev = cose.parse(newest, event.MAX_SIZE).id if newest else None

    @property
    def waiting(self) -> int:
        """How many are noted and not yet kept."""
        return len(self._waiting)

    def record(self, now: "Moment", kind: int, details: "dict[int, object]") -> None:
        """Note that ``kind`` of event.BOOT, ... happened now; ``details`` as event.py says."""
        if len(self._waiting) >= _WAITING:
            self.dropped += 1
        else:
            self._waiting.append((now, kind, details))

    def keep_steps(self) -> "Steps[int]":
        """Sign and keep what is noted, in steps (see steps); returns how many were kept.

        SignerError or StoreFull: the event that failed, and those behind it, stay noted; call again.
        """
        kept = 0
        while self._waiting:
            statement = yield from event.issue_steps(self._signer, *self._names, self._next(*self._waiting[0]))
            number = self._kept.last(EVENT) + 1
            self._kept.add(EVENT, number, statement.data)
            self._prev = statement.id
            self._waiting.pop(0)
            self.delivery.outbox.add(number)
            kept += 1
        return kept

    def _next(self, now: "Moment", kind: int, details: "dict[int, object]") -> event.Event:
        number = self._kept.last(EVENT) + 1
        prev = None if number == 1 else self._prev or _UNKNOWN
        return event.Event(number, self._boot, prev, now.quality, now.time_ms, now.uptime_ms, kind, details)
