"""Signed statements: COSE_Sign1 (RFC 9052, section 4.2), each also a SCITT Signed Statement (RFC 9943).

    statement = #6.18([bstr .cbor {1: -7, 4: kid8, 15: {1: issuer, 2: subject}, 16: type}, {}, bstr, bstr .size 64])

One form only. Every COSE library tried accepts the high-S twin of a signature and a stuffed unprotected header, and
either would give one statement several encodings; ``parse`` refuses both, before any signature is checked.
"""

import hashlib

from . import cbor, es256
from .fields import WireError, bytes_of, list_of, map_of
from .signer import Signer
from .steps import finish
from .topics import is_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .steps import Steps

ALG, KID, CWT_CLAIMS, TYPE = 1, 4, 15, 16
ISSUER, SUBJECT = 1, 2
ES256 = -7
MAX_SIZE = 65536
_SIGNATURE1, _NO_AAD = b"\x84\x6aSignature1", b"\x40"


class HighS(WireError):
    """The signature is out of range, or is the high-S twin of one we accept."""


class StuffedHeader(WireError):
    """The unprotected header carries something: bytes nobody signed."""


class Statement:
    """A parsed statement. ``id`` is SHA-256 of its Sig_structure, so it does not depend on the signature."""

    __slots__ = ("data", "id", "issuer", "kid", "payload", "signature", "subject", "type")

    def __init__(
        self, data: bytes, kid: bytes, claims: "tuple[str, str, str]", body: bytes, signature: bytes, id: bytes
    ) -> None:
        self.data = data
        self.kid = kid
        self.issuer, self.subject, self.type = claims
        self.payload = body
        self.signature = signature
        self.id = id


def digest(protected: bytes, payload: bytes) -> bytes:
    """SHA-256 of Sig_structure ["Signature1", protected, h'', payload] (RFC 9052, section 4.4): 32 bytes."""
    return hashlib.sha256(_SIGNATURE1 + cbor.encode(protected) + _NO_AAD + cbor.encode(payload)).digest()


def sign(signer: Signer, issuer: str, subject: str, type: str, payload: bytes) -> bytes:
    """A statement's bytes. ``type`` is a media type without its ``application/`` (RFC 9596)."""
    return finish(sign_steps(signer, issuer, subject, type, payload)).data


def sign_steps(signer: Signer, issuer: str, subject: str, type: str, payload: bytes) -> "Steps[Statement]":
    """As ``sign``, in steps (see steps), and the whole statement."""
    protected = cbor.encode({ALG: ES256, KID: signer.kid, CWT_CLAIMS: {ISSUER: issuer, SUBJECT: subject}, TYPE: type})
    id = digest(protected, payload)
    yield
    signature = yield from signer.sign_steps(id)
    yield
    data = cbor.encode(cbor.Tagged(18, [protected, {}, payload, signature]))
    return Statement(data, signer.kid, (issuer, subject, type), payload, signature, id)


def parse_header(protected: bytes) -> "tuple[bytes, tuple[str, str, str]]":
    """(kid, (issuer, subject, type)) of a statement's protected header. WireError if it is not ours."""
    header = map_of(cbor.decode(protected, 3), "protected header", (ALG, KID, CWT_CLAIMS, TYPE))
    if header[ALG] != ES256:
        raise WireError("the algorithm is ES256")
    claims = map_of(header[CWT_CLAIMS], "claims", (ISSUER, SUBJECT))
    issuer, subject, type = claims[ISSUER], claims[SUBJECT], header[TYPE]
    if not isinstance(issuer, str) or not is_id(issuer) or not isinstance(subject, str) or not is_id(subject):
        raise WireError("issuer and subject are 1 to 32 of [a-z0-9-]")
    if not isinstance(type, str) or len(type) > 64:
        raise WireError("the type is a text of at most 64 bytes")
    return bytes_of(header[KID], "kid", 8), (issuer, subject, type)


def parse(
    data: bytes,
    max_size: int = MAX_SIZE,
    header: "Callable[[bytes], tuple[bytes, tuple[str, str, str]]]" = parse_header,
) -> Statement:
    """Take a statement apart, accepting its one canonical form. The signature's *form* is checked, not its truth.

    Args:
        header: ``parse_header``, or one that remembers: a signer's statements of one type have one header.
    Raises:
        HighS, StuffedHeader: see there.
        WireError: too large, not a statement, another algorithm, an unknown header.
    """
    if len(data) > max_size:
        raise WireError(f"{len(data)} bytes: at most {max_size} are accepted")
    # deep enough to call a stuffed header by its name
    outer = cbor.decode(data)
    if not isinstance(outer, cbor.Tagged):
        raise WireError("not a COSE_Sign1")
    protected, unprotected, payload, signature = list_of(outer.value, "COSE_Sign1", 4, 4)
    if not isinstance(protected, bytes) or not isinstance(payload, bytes):
        raise WireError("protected header and payload are byte strings")
    if unprotected != {}:
        raise StuffedHeader("the unprotected header is empty")
    signature = bytes_of(signature, "signature", 64)
    if not es256.is_low_s(signature):
        raise HighS("the signature is out of range or has a high s")
    kid, claims = header(protected)
    return Statement(bytes(data), kid, claims, payload, signature, digest(protected, payload))
