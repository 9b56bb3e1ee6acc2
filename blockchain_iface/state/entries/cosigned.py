"""What another gateway has vouched for: that it saw a head of this ledger, and that it goes on from those it saw before.

cosigned = {1: genesis of the witness's ledger, 2: the cosignature, a statement vnd.skerry.checkpoint (see checkpoint)}
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import cbor
from firmware.wire.fields import WireError, map_of


@dataclass(frozen=True, slots=True)
class Cosigned:
    """``cosignature`` (bytes) over a head of this ledger, by the gateway whose ledger began with ``genesis`` (bytes)."""

    TYPE: ClassVar[str] = "vnd.skerry.cosigned"
    genesis: bytes
    cosignature: bytes

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.genesis, 2: self.cosignature})

    @classmethod
    def decode(cls, payload: bytes) -> "Cosigned":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "cosigned", (1, 2))
        genesis, cosignature = body[1], body[2]
        if not isinstance(genesis, bytes) or not isinstance(cosignature, bytes):
            raise WireError("cosigned: genesis and cosignature are byte strings")
        return cls(genesis, cosignature)
