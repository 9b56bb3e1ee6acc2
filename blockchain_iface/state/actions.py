"""Applying actions: who ordered what of the gateway. They are a record and change nothing else."""

from firmware.wire import cose

from ..signatures import Verifier
from .entries import Action
from .happenings import Acted
from .state import Refused, State


def apply_action(state: State, statement: cose.Statement, _verifier: Verifier) -> Acted:
    """Put one on record, once a reference."""
    entry = Action.decode(statement.payload)
    if entry.reference in state.actions:
        raise Refused(f"reference {entry.reference} stands for another action")
    state.actions.put(entry.reference, statement.id)
    return Acted(entry.actor, entry.verb, entry.subject, entry.reference)
