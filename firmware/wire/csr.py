"""Certificate requests (PKCS #10, RFC 2986): a meter asks for an X.509 certificate for its TLS key.

The certificate opens the broker's door and nothing else. What a meter may certify is in its enrolment, on the ledger.
"""

import hashlib

from . import der
from .fields import RangeError
from .signer import Signer
from .topics import is_id

_LABEL = "CERTIFICATE REQUEST"  # RFC 7468, section 7
_VERSION = 0


def request(signer: Signer, meter: str) -> str:
    """The request of ``meter`` for the key of ``signer``, in PEM; its only name is CN=``meter``. RangeError if that is no id.

    mosquitto's use_identity_as_username makes the CN the account, so it is the name that the topics have, too.
    """
    if not is_id(meter):
        raise RangeError("a meter's name is 1 to 32 of [a-z0-9-]")
    name = der.sequence(der.set_of(der.sequence(der.COMMON_NAME, der.utf8_string(meter))))
    attributes = der.tagged(0, b"")
    info = der.sequence(der.integer(_VERSION), name, der.public_key(signer.public), attributes)
    signature = signer.sign(hashlib.sha256(info).digest())
    algorithm = der.sequence(der.ECDSA_WITH_SHA256)
    return der.pem(_LABEL, der.sequence(info, algorithm, der.bit_string(der.signature(signature))))
