"""Key rotation: a meter replaces its own key, signing with the old one; the new one proves that it is held.

    body = {1: request, 2: first certificate, 3: first event under the new key}

``request`` is the new key's own enrolment request (see enrolment) for the same site and meter, so one statement carries both
signatures. The chains of certificates and events go on: only who signs changes, not before the numbers given. The meter signs
with the old key until it holds the receipt for this statement, and the old key ends where the new one has begun.
"""

from . import cbor, cose, enrolment
from .fields import WireError, map_of, uint_of
from .signer import Signer
from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .steps import Steps

TYPE = "vnd.skerry.rotation"
MAX_SIZE = 1024


class Rotation:
    """A rotation's body: the new key's request (bytes), and the first numbers (from 1) that it may sign."""

    __slots__ = ("certificate", "event", "request")

    def __init__(self, request: bytes, certificate: int, event: int) -> None:
        self.request = request
        self.certificate = certificate
        self.event = event


def rotate(old: Signer, new: Signer, site: str, meter: str, certificate: int, event: int) -> bytes:
    """The statement by which ``new`` may sign from ``certificate`` and ``event`` on. WireError if these are no numbers."""
    return finish(rotate_steps(old, new, site, meter, certificate, event)).data


def rotate_steps(old: Signer, new: Signer, site: str, meter: str, certificate: int, event: int) -> "Steps[cose.Statement]":
    """As ``rotate``, in steps (see steps), and the whole statement."""
    request = yield from enrolment.request_steps(new, site, meter)
    yield
    body = cbor.encode({1: request.data, 2: certificate, 3: event})
    decode(body)
    yield
    return (yield from cose.sign_steps(old, site, meter, TYPE, body))


def decode(payload: bytes) -> Rotation:
    """From a payload. WireError if it is no rotation's; the request is the caller's to check."""
    body = map_of(cbor.decode(payload, 2), "rotation", (1, 2, 3))
    request = body[1]
    if not isinstance(request, bytes) or len(request) > enrolment.MAX_SIZE:
        raise WireError("rotation: the request is a byte string of at most 512 bytes")
    first = uint_of(body[2], "first certificate", 1, 0xFFFFFFFF)
    return Rotation(request, first, uint_of(body[3], "first event", 1, 0xFFFFFFFF))
