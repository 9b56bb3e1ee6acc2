"""Applying events: what happened to the meters, in their own words, each of which names the one before."""

from firmware.wire import cose, event, gap, receipt

from ..signatures import Verifier
from . import succession
from .commands import note_answer
from .given_up import apply_gap
from .happenings import Recorded
from .records import EventFact, Key
from .state import Refused, State


def apply_event(state: State, statement: cose.Statement, key: Key, verifier: Verifier) -> Recorded:
    """Take in one event, in any order. Its neighbours by number must agree with it where they are here."""
    body = verifier.body(statement, event.decode)
    meter, number = key.meter, body.number
    if not key.signs(receipt.EVENT, number):
        raise Refused(f"the key does not sign event {number}: it was revoked or replaced")
    chain = state.chain(receipt.EVENT, meter)
    if chain.holds(number):
        raise Refused(f"clone: {meter} has issued another event {number}")
    fact = EventFact(statement.id, body.prev)
    if chain.holds(number - 1):
        _check_joint(state.events[meter, number - 1], fact)
    if chain.holds(number + 1):
        _check_joint(fact, state.events[meter, number + 1])
    succession.begin(state, key, event=number)
    state.events.add((meter, number), fact)
    state.event_chains.put(meter, chain.extended(number))
    if body.kind == event.GAP:
        apply_gap(state, meter, gap.decode(body.details))
    elif body.kind == event.COMMAND:
        note_answer(state, meter, body.details, statement.id)
    return Recorded(meter, number, body.kind)


def _check_joint(earlier: EventFact, later: EventFact) -> None:
    if later.prev != earlier.id:
        raise Refused("broken chain: the previous event is another one")
