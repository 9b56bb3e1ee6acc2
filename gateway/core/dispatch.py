"""Commands that people have ordered, on their way: each is sent until the meter's signed event answers it, or it is too late.

A meter obeys rising numbers only, so its commands go out one at a time, in the order in which they were signed. What is sent
again is the same bytes: obeyed once, answered by the same event.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from firmware.wire import command, cose, event, topics

from .view import Outcome

AGAIN_S = 10
GRACE_S = 30
"""After a command has expired its answer may still be on its way."""
_RESULTS = ("done", "refused", "failed")


@dataclass(slots=True)
class _Order:
    name: str
    data: bytes
    command: command.Command
    sent_at: int | None = None


class Dispatch:
    """One site's commands. All times are Unix seconds.

    Attributes:
        outcomes: how orders have ended, oldest first; whoever reads one takes it out.
    """

    def __init__(self, site: str) -> None:
        self.outcomes: list[Outcome] = []
        self._site = site
        self._queues: dict[str, deque[_Order]] = {}

    def add(self, name: str, meter: str, data: bytes) -> None:
        """Send ``data``, a signed command that expires, after those of ``meter`` that wait already; ``name`` is the order's."""
        self._queues.setdefault(meter, deque()).append(_Order(name, data, command.parse(data, self._site, meter)))

    def is_busy(self, meter: str) -> bool:
        """Whether a command to ``meter`` waits for its answer: one with a higher number would make it a replay."""
        return bool(self._queues.get(meter))

    def due(self, now: int) -> Iterator[tuple[str, bytes]]:
        """Topic and bytes of what is to be sent now. What nobody has answered in time is overdue."""
        for meter, queue in self._queues.items():
            while queue and now > (queue[0].command.expires or 0) + GRACE_S:
                order = queue.popleft()
                self.outcomes.append(Outcome(order.name, meter, "overdue", reason="the meter has not answered"))
            # a clock that was set back has not waited
            if queue and (queue[0].sent_at is None or not queue[0].sent_at <= now < queue[0].sent_at + AGAIN_S):
                queue[0].sent_at = now
                yield topics.down(self._site, meter, "cmd"), queue[0].data

    def take_event(self, meter: str, statement: cose.Statement, log: bytes | None) -> None:
        """Take an event of ``meter`` that is on the ledger; ``log`` is what the meter last sent of its log."""
        body, queue = event.decode(statement.payload), self._queues.get(meter)
        if not queue or body.kind != event.COMMAND or body.details.get(1) != queue[0].command.id:
            return
        order = queue.popleft()
        number, contact, power = (body.details.get(key) for key in (2, 3, 4))
        self.outcomes.append(
            Outcome(
                order.name,
                meter,
                _RESULTS[number] if isinstance(number, int) and 0 <= number < len(_RESULTS) else "failed",
                contact="open" if contact == 0 else "closed" if contact == 1 else None,
                power_w=power if isinstance(power, int) else None,
                reason=str(body.details.get(5) or ""),
                event=statement.id.hex(),
                log=log.decode(errors="replace") if log is not None and order.command.kind == command.LOG else None,
            )
        )
