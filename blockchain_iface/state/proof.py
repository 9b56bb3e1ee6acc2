"""Membership proofs: one value of the state, and the path from it to a state root that a block carries.

    proof = [slots, slot, key, height, value, [*path]]

key is ``cbor [site, table number, key...]``, value the value's CBOR, both as byte strings; height is that of the block which
wrote the value last. An RFC 9162 inclusion proof (section 2.1.3) of the slot's leaf (tree.py): whoever has the block needs
nothing else.
"""

from typing import Any, NamedTuple

from firmware.wire import cbor, proof
from firmware.wire.fields import WireError, bytes_of, list_of, uint_of

from .. import merkle
from .backing import Backing, Slot
from .state import State
from .tree import StateTree, leaf_of


class StateProof(NamedTuple):
    """A slot, and its 32-byte siblings on the way up a tree of ``slots`` leaves."""

    slots: int
    slot: Slot
    path: list[bytes]

    def root(self) -> bytes:
        """The state root that has this value in this slot: compare it with a block's. WireError for a bad path."""
        return proof.root_from_path(leaf_of(self.slot), self.slot.number, self.slots, self.path)

    def encode(self) -> bytes:
        """The proof's bytes."""
        number, key, height, value = self.slot
        return cbor.encode([self.slots, number, key, height, value, self.path])

    @classmethod
    def decode(cls, data: bytes) -> "StateProof":
        """From bytes. WireError if they are no proof."""
        slots, number, key, height, value, path = list_of(cbor.decode(data, 3), "state proof", 6, 6)
        if not isinstance(key, bytes) or not isinstance(value, bytes):
            raise WireError("state proof: key and value are byte strings")
        slot = Slot(uint_of(number, "slot"), key, uint_of(height, "height"), value)
        siblings = [bytes_of(node, "path node", 32) for node in list_of(path, "path", 0, proof.MAX_PATH)]
        return cls(uint_of(slots, "slots", 1), slot, siblings)


def prove_state(backing: Backing, site: str, table: str, key: Any) -> StateProof | None:
    """The proof of what a site's ``table`` (an attribute of State) holds under ``key``; None if it holds nothing there."""
    slot = backing.get(getattr(State(backing, site), table).key_bytes(key))
    if slot is None:
        return None
    slots = backing.slots()
    return StateProof(slots, slot, merkle.path(slot.number, slots, StateTree(backing).node))
