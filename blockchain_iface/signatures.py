"""ES256 on CPython: signing with the gateway's key and verifying everybody's, by the ``cryptography`` library."""

from collections import OrderedDict

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature

from firmware.wire import es256
from firmware.wire.cose import Statement
from firmware.wire.p256 import N
from firmware.wire.signer import Signer

_PREHASHED = ec.ECDSA(Prehashed(hashes.SHA256()))
_PREHASHED_DETERMINISTIC = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
_REMEMBERED = 4096


class KeySigner(Signer):
    """Signs with a P-256 private key: RFC 6979 nonces, low s."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        numbers = key.public_key().public_numbers()
        self._key = key
        self.public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        self.kid = es256.key_id(self.public)

    def sign(self, digest: bytes) -> bytes:
        """r || s over a SHA-256 digest (32 bytes)."""
        r, s = decode_dss_signature(self._key.sign(digest, _PREHASHED_DETERMINISTIC))
        return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


def public_key(public: bytes) -> ec.EllipticCurvePublicKey:
    """The key for X || Y (64 bytes). ValueError if that is no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public)


class Verifier:
    """Checks statements' signatures, and remembers the last few thousand that held: each is checked once on its way."""

    def __init__(self) -> None:
        self._keys: dict[bytes, ec.EllipticCurvePublicKey] = {}
        self._held: OrderedDict[tuple[bytes, bytes, bytes], None] = OrderedDict()

    def holds(self, statement: Statement, public: bytes) -> bool:
        """True if ``statement`` was signed by the holder of ``public`` (64 bytes). Its form is cose.parse's business."""
        return self.signed(statement.id, statement.signature, public)

    def signed(self, digest: bytes, signature: bytes, public: bytes) -> bool:
        """True if ``signature`` (64 bytes) over ``digest`` (32 bytes) is by the holder of ``public``."""
        memory = (public, digest, signature)
        if memory in self._held:
            return True
        if not self._check(digest, signature, public):
            return False
        self._held[memory] = None
        if len(self._held) > _REMEMBERED:
            self._held.popitem(last=False)
        return True

    def _check(self, digest: bytes, signature: bytes, public: bytes) -> bool:
        try:
            key = self._keys.get(public) or self._keys.setdefault(public, public_key(public))
            r = int.from_bytes(signature[:32], "big")
            s = int.from_bytes(signature[32:], "big")
            key.verify(encode_dss_signature(r, s), digest, _PREHASHED)
        except (InvalidSignature, ValueError):
            return False
        return True
