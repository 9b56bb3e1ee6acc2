"""A transaction is a batch: the statements of one ``submit``, final together or not at all.

transaction = cbor [1* bytes]       the statements' bytes, in order
"""

from collections.abc import Callable, Sequence

from firmware.wire import cbor, cose
from firmware.wire.fields import WireError

MAX_SIZE = 2 << 20
"""Bytes of a transaction: the node's ``max_tx_bytes``."""


def encode(entries: Sequence[bytes]) -> bytes:
    """The transaction that holds ``entries``."""
    return cbor.encode(list(entries))


def decode(transaction: bytes, parse: Callable[[bytes], cose.Statement]) -> list[cose.Statement]:
    """Its statements. WireError if it is none, or one of them has not the one canonical form."""
    if len(transaction) > MAX_SIZE:
        raise WireError(f"a transaction has at most {MAX_SIZE} bytes")
    entries = cbor.decode(transaction, 2)
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, bytes) for entry in entries):
        raise WireError("a transaction is a list of statements")
    return [parse(entry) for entry in entries]
