"""Applying cosignatures: another gateway vouches for a head of this ledger, with its own key.

As with sightings, the state does not hold the tree: whether it is a head of this history, those check who have the tree.
"""

from firmware.wire import cose

from ..checkpoint import vouched
from ..document import EvidenceError
from ..operator import Operator
from ..signatures import Verifier
from .entries import Cosigned
from .happenings import Vouched
from .state import Refused, State


def apply_cosigned(state: State, statement: cose.Statement, verifier: Verifier) -> Vouched:
    """Put one on record, once for each witness and head."""
    entry, rules = Cosigned.decode(statement.payload), state.rules
    try:
        said = vouched(Operator(rules.name, rules.public, rules.kid, verifier), entry.genesis, entry.cosignature)
    except EvidenceError as error:
        raise Refused(str(error)) from None
    place = said.witness.kid, said.size, said.root
    if place in state.cosigned:
        raise Refused("this cosignature is on record already")
    state.cosigned.put(place, statement.id)
    return Vouched(said.witness.site, said.size, said.root)
