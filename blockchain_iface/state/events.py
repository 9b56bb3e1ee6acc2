"""Applying events: what happened to the meters, in their own words, each of which names the one before."""

from firmware.wire import cose, event

from .happenings import Recorded
from .records import EventFact
from .state import Refused, State


def apply_event(state: State, statement: cose.Statement, meter: str) -> Recorded:
    """Take in one event, in any order. Its neighbours by number must agree with it where they are here."""
    body = event.decode(statement.payload)
    if (meter, body.number) in state.events:
        raise Refused(f"clone: {meter} has issued another event {body.number}")
    fact = EventFact(statement.id, body.prev)
    _check_joint(state.events.get((meter, body.number - 1)), fact)
    _check_joint(fact, state.events.get((meter, body.number + 1)))
    state.events.put((meter, body.number), fact)
    return Recorded(meter, body.number, body.kind)


def _check_joint(earlier: EventFact | None, later: EventFact | None) -> None:
    if earlier is not None and later is not None and later.prev != earlier.id:
        raise Refused("broken chain: the previous event is another one")
