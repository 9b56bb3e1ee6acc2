"""ES256 where nothing is compiled: verifying with the pure ``ecdsa`` package, about 200 signatures a second."""

from hashlib import sha256

from ecdsa import NIST256p, VerifyingKey
from ecdsa.errors import MalformedPointError
from ecdsa.keys import BadSignatureError


class EcdsaVerifier:
    """A signatures.SignatureVerifier that needs no compiled library."""

    def __init__(self) -> None:
        self._keys: dict[bytes, VerifyingKey] = {}

    def signed(self, digest: bytes, signature: bytes, public: bytes) -> bool:
        """True if ``signature`` (64 bytes) over ``digest`` (32 bytes) is by the holder of ``public`` (64 bytes)."""
        try:
            if public not in self._keys:
                self._keys[public] = VerifyingKey.from_string(public, NIST256p, sha256)
            return bool(self._keys[public].verify_digest(signature, digest))
        except (BadSignatureError, MalformedPointError):
            return False
