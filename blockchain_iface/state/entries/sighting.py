"""What the shadow centre puts on record when a meter's certificate names a head that is not in this ledger's history.

    sighting = {1: the certificate, 2: [tree size, root] of this ledger}

at the size that the meter saw, or of all there was if that was less. The certificate carries the meter's signature over
the head it saw, the entry the operator's over its own: whoever lies has signed it.
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import cbor
from firmware.wire.fields import WireError, bytes_of, list_of, map_of, uint_of


@dataclass(frozen=True, slots=True)
class Sighting:
    """``certificate`` (bytes) saw another history than this ledger's, which has ``root`` (32 bytes) over ``size`` entries."""

    TYPE: ClassVar[str] = "vnd.skerry.sighting"
    certificate: bytes
    size: int
    root: bytes

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.certificate, 2: [self.size, self.root]})

    @classmethod
    def decode(cls, payload: bytes) -> "Sighting":
        """From a payload."""
        body = map_of(cbor.decode(payload, 3), "sighting", (1, 2))
        if not isinstance(body[1], bytes):
            raise WireError("sighting: the certificate is a byte string")
        size, root = list_of(body[2], "own head", 2, 2)
        return cls(body[1], uint_of(size, "tree size", 1), bytes_of(root, "root", 32))
