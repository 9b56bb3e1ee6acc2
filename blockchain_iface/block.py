"""Blocks: the shadow centre's signature over the log as it stood, each naming the one before.

    body = {1: height, 2: id of the block before / null, 3: tree size, 4: tree root, 5: Unix time, 6: [slots, state root]}

A block covers the entries from the previous block's size up to its own. The root is that of the whole log, so one chain of
blocks and one tree say the same thing twice. The state root is that of everything the entries add up to (state/tree.py).
"""

from dataclasses import dataclass

from firmware.wire import cbor, cose
from firmware.wire.fields import WireError, bytes_of, list_of, map_of, uint_of
from firmware.wire.signer import Signer
from firmware.wire.steps import finish

from .ledger import Corrupt, Head

TYPE = "vnd.skerry.block"
SUBJECT = "ledger"


@dataclass(frozen=True, slots=True)
class Block:
    """A block's body and its id (32 bytes). ``state`` is how many slots the state has, and their root."""

    head: Head
    previous: bytes | None
    state: tuple[int, bytes]
    id: bytes


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A block as stored: the tree size it claims, its statement's bytes, the signature that its receipts carry."""

    height: int
    size: int
    data: bytes
    head_signature: bytes

    def block(self) -> Block:
        """The block itself. Corrupt if the bytes are none, or say something else than is stored beside them."""
        try:
            block = parse(cose.parse(self.data))
        except WireError as error:
            raise Corrupt(f"block {self.height}: {error}") from None
        if (block.head.height, block.head.size) != (self.height, self.size):
            raise Corrupt(f"block {self.height}: it is stored as another one")
        return block

    def head(self) -> Head:
        """The head that the block signs. Corrupt as ``block``."""
        return self.block().head


def seal(signer: Signer, site: str, head: Head, previous: bytes | None, state: tuple[int, bytes]) -> cose.Statement:
    """The signed block that makes ``head`` the ledger's newest; ``previous`` is the id of the block before."""
    body = {1: head.height, 2: previous, 3: head.size, 4: head.root, 5: head.time, 6: list(state)}
    return finish(cose.sign_steps(signer, site, SUBJECT, TYPE, cbor.encode(body)))


def parse(statement: cose.Statement) -> Block:
    """A block out of its parsed statement. WireError if it is none."""
    if statement.type != TYPE or statement.subject != SUBJECT:
        raise WireError("not a block")
    body = map_of(cbor.decode(statement.payload, 3), "block", (1, 2, 3, 4, 5, 6))
    head = Head(
        height=uint_of(body[1], "height"),
        size=uint_of(body[3], "tree size", 1),
        root=bytes_of(body[4], "root", 32),
        time=uint_of(body[5], "time"),
    )
    previous = None if body[2] is None else bytes_of(body[2], "previous block", 32)
    slots, root = list_of(body[6], "state", 2, 2)
    return Block(head, previous, (uint_of(slots, "slots", 1), bytes_of(root, "state root", 32)), statement.id)
