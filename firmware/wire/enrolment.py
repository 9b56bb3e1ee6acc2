"""Enrolment requests: a meter shows the key it made, and proves by signing that it holds it.

    body = {1: public key X || Y}

A request authorises nothing. The gateway writes an enrolment entry on the ledger once an operator has handed it over.
"""

from . import cbor, cose
from .fields import WireError, bytes_of, map_of
from .signer import Signer
from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .steps import Steps

TYPE = "vnd.skerry.enrol-request"
MAX_SIZE = 512


def request(signer: Signer, site: str, meter: str) -> bytes:
    """The self-signed request of ``meter`` to join ``site``."""
    return finish(request_steps(signer, site, meter)).data


def request_steps(signer: Signer, site: str, meter: str) -> "Steps[cose.Statement]":
    """As ``request``, in steps (see steps), and the whole statement."""
    return cose.sign_steps(signer, site, meter, TYPE, cbor.encode({1: signer.public}))


def public_of(statement: cose.Statement) -> bytes:
    """The 64-byte key a request offers; the caller checks its signature with it. WireError if it is no request."""
    if statement.type != TYPE:
        raise WireError("not an enrolment request")
    body = map_of(cbor.decode(statement.payload, 2), "enrolment request", (1,))
    return bytes_of(body[1], "public key", 64)
