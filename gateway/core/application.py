"""What a meter's technician hands in: the meter's identity as it prints it, and the operator's token. One JSON document.

    {"token": "isle.wind-1.x...", "meter": "wind-1", "public": hex, "request": hex, "csr": PEM}
    {..., "exchange": {"old": "wind-0", "closing": [import Wh, export Wh], "opening": [0, 0], "time": Unix s}}

``request`` is signed by the key that shall certify energy (wire/enrolment.py), ``csr`` by the key that shall open the
broker's door (PKCS #10, RFC 2986): both are proved to be held.
"""

from dataclasses import dataclass
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blockchain_iface.signatures import Verifier
from firmware.wire import cose, enrolment
from firmware.wire.clock import EARLIEST_S, LATEST_S
from firmware.wire.fields import WireError

from .authority import BROKER, GATEWAY, READER
from .register import Takeover

RESERVED = (GATEWAY, BROKER, READER, "ledger")
"""Names that no meter may have; ``ledger`` is what statements about no meter are about."""
_Registers = Annotated[list[Annotated[int, Field(ge=0, lt=1 << 48)]], Field(min_length=2, max_length=2)]
_AGAIN = "fetch it from the meter again"


class ApplicationRefused(Exception):
    """This cannot be enrolled: the fault of whoever made the document. The message says what to do."""


class _Exchange(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    old: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    closing: _Registers
    opening: _Registers
    time: Annotated[int, Field(ge=EARLIEST_S, le=LATEST_S)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    token: Annotated[str, Field(max_length=128)]
    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    public: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
    request: Annotated[str, Field(pattern=r"^([0-9a-f]{2})+$", max_length=2 * enrolment.MAX_SIZE)]
    csr: Annotated[str, Field(max_length=2048)]
    exchange: _Exchange | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A valid one. ``fingerprint`` is the first 8 bytes of the signing key's thumbprint; people compare it.

    ``takeover`` says where another meter was, None for a point of its own.
    """

    meter: str
    token: str
    request: bytes
    fingerprint: bytes
    door_key: ec.EllipticCurvePublicKey
    takeover: Takeover | None


def parse(data: bytes, site: str) -> Application:
    """The application in a file. It says nothing of the token yet.

    Raises:
        ApplicationRefused: malformed, of another site, for a reserved name, or a key is not proved to be held.
    """
    try:
        document = _Document.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise ApplicationRefused(f"{where}: {first['msg']}: {_AGAIN}") from None
    request = bytes.fromhex(document.request)
    try:
        statement = cose.parse(request, enrolment.MAX_SIZE)
        public = enrolment.public_of(statement)
    except WireError as error:
        raise ApplicationRefused(f"request: this is no enrolment request ({error}): {_AGAIN}") from None
    if statement.issuer != site:
        raise ApplicationRefused(
            f"the request is for site {statement.issuer}, this is {site}: correct the meter's configuration"
        )
    if statement.subject in RESERVED:
        raise ApplicationRefused(f"{statement.subject} cannot be a meter's name: choose another in its configuration")
    if (document.meter, document.public) != (statement.subject, public.hex()):
        raise ApplicationRefused(f"the request is of another meter or key than the document says: {_AGAIN}")
    if not Verifier().holds(statement, public):
        raise ApplicationRefused(f"the request is not signed by the key that it offers: {_AGAIN}")
    door_key = _door_key(document.csr, document.meter)
    return Application(document.meter, document.token, request, statement.kid, door_key, _takeover(document.exchange))


def _takeover(exchange: _Exchange | None) -> Takeover | None:
    if exchange is None:
        return None
    (imported, exported), (begun_import, begun_export) = exchange.closing, exchange.opening
    return Takeover(exchange.old, (imported, exported), (begun_import, begun_export), exchange.time)


def _door_key(pem: str, meter: str) -> ec.EllipticCurvePublicKey:
    """The key in a certificate request that asks for CN = ``meter`` and nothing else, and is signed by that key."""
    try:
        csr = x509.load_pem_x509_csr(pem.encode())
        key, signed = csr.public_key(), csr.is_signature_valid
        names, wishes = list(csr.subject), len(csr.attributes)
    except (ValueError, TypeError, x509.UnsupportedGeneralNameType) as error:
        raise ApplicationRefused(f"csr: this is no certificate request ({error}): {_AGAIN}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ApplicationRefused(f"csr: the key is not on P-256: {_AGAIN}")
    if not signed:
        raise ApplicationRefused(f"csr: it is not signed by the key that it offers: {_AGAIN}")
    if [(name.oid, name.value) for name in names] != [(NameOID.COMMON_NAME, meter)] or wishes:
        raise ApplicationRefused(f"csr: it asks for more, or for another name, than CN={meter}: {_AGAIN}")
    return key
