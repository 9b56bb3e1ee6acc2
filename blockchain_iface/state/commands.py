"""Applying commands: what the shadow centre has ordered a meter to do, and which of the meter's signed events answered it."""

from collections.abc import Mapping

from firmware.wire import command, cose

from ..signatures import Verifier
from .happenings import Commanded
from .records import Ordered
from .state import Refused, State


def apply_command(state: State, statement: cose.Statement, _verifier: Verifier) -> Commanded:
    """Put one on record. Its number says nothing about when it came here: the meter alone goes by that."""
    order = command.parse(statement.data, state.name, statement.subject)
    meter = statement.subject
    if meter not in state.meters:
        raise Refused(f"{meter} is not enrolled")
    if order.id in state.commands:
        raise Refused("this command is on record already")
    answer = state.answers.get((meter, order.id))
    state.commands.put(order.id, Ordered(meter, order.number, order.kind, order.issued, order.expires, answer))
    return Commanded(meter, order.id, order.kind)


def note_answer(state: State, meter: str, details: Mapping[int, object], event_id: bytes) -> None:
    """A COMMAND event of ``meter`` with these details names the command that it answers; the first one counts."""
    id = details.get(1)
    if not isinstance(id, bytes):
        return
    ordered = state.commands.get(id)
    if ordered is None:
        # where several validators order, a command may come behind its answer; most of these were never meant to be here
        if (meter, id) not in state.answers:
            state.answers.put((meter, id), event_id)
    elif ordered.meter == meter and ordered.answer is None:
        state.commands.put(id, ordered._replace(answer=event_id))
