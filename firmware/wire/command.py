"""Commands from the gateway to a meter: signed statements, so that a broker cannot invent them.

body = {1: command id, 2: kind, 3: [first seq, last seq], 4: issued at}     kind 1 = send these certificates again
"""

from . import cbor, cose
from .fields import WireError, list_of, map_of, uint_of
from .signer import Signer

TYPE = "vnd.skerry.command"
MAX_SIZE = 512
RESEND = 1
_SEQ = 0xFFFFFFFF


def resend(signer: Signer, site: str, meter: str, command_id: int, first: int, last: int, at: int) -> bytes:
    """Ask ``meter`` for certificates ``first`` to ``last`` once more; ``at`` in Unix seconds."""
    body = cbor.encode({1: command_id, 2: RESEND, 3: [first, last], 4: at})
    return cose.sign(signer, site, meter, TYPE, body)


def parse_resend(data: bytes, site: str, meter: str) -> "tuple[cose.Statement, int, int]":
    """(statement, first, last) of a re-send command addressed to ``meter``. The caller checks the signature of
    ``statement.id`` with the gateway's key before it obeys. WireError if it is another's or no such command."""
    statement = cose.parse(data, MAX_SIZE)
    if (statement.issuer, statement.subject, statement.type) != (site, meter, TYPE):
        raise WireError("not a command for this meter")
    body = map_of(cbor.decode(statement.payload, 3), "command", (1, 2, 3, 4))
    uint_of(body[2], "kind", RESEND, RESEND)
    first, last = list_of(body[3], "range", 2, 2)
    low = uint_of(first, "first", 1, _SEQ)
    return statement, low, uint_of(last, "last", low, _SEQ)
