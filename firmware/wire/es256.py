"""ES256: ECDSA on P-256 with SHA-256 (RFC 9053, section 2.1; FIPS 186-5, section 6), deterministic and low-S.

    secret     32 bytes, big endian, 1..n-1
    public     64 bytes, X || Y
    signature  64 bytes, r || s

If (r, s) is a signature, so is its twin (r, n - s). Only the lower s is made and accepted here, so that nobody without
the secret can turn one valid signature into another.
"""

import hashlib

from . import p256
from .fields import RangeError
from .signer import Signer
from .steps import finish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .steps import Steps

# The deterministic CBOR of the COSE_Key {1: 2, -1: 1, -2: X, -3: Y} up to X, and between X and Y.
_THUMBPRINT_X = b"\xa4\x01\x02\x20\x01\x21\x58\x20"
_THUMBPRINT_Y = b"\x22\x58\x20"

# The pads of HMAC, as numbers: an exclusive or byte by byte took longer than both hashes.
_INNER = int.from_bytes(b"\x36" * 32, "big")
_OUTER = int.from_bytes(b"\x5c" * 32, "big")


def generate_secret(random: "Callable[[int], bytes]") -> bytes:
    """A new secret from ``random(count) -> bytes``, fit for keys, by rejection (FIPS 186-5, appendix A.2.2)."""
    while True:
        secret = random(32)
        if 1 <= int.from_bytes(secret, "big") < p256.N:
            return secret


def public_from_secret(secret: bytes) -> bytes:
    """The public key of ``secret``. RangeError if it is not 32 bytes in 1..n-1."""
    return finish(public_from_secret_steps(secret))


def public_from_secret_steps(secret: bytes) -> "Steps[bytes]":
    """As ``public_from_secret``, in steps (see steps)."""
    point = yield from p256.multiply_base_steps(_scalar(secret))
    assert point  # only multiples of n give infinity
    return _octets(point[0]) + _octets(point[1])


def key_id(public: bytes) -> bytes:
    """The key's name: the first 8 bytes of its COSE_Key thumbprint with SHA-256 (RFC 9679, sections 3 and 4)."""
    _require(public, 64, "a public key")
    return hashlib.sha256(_THUMBPRINT_X + public[:32] + _THUMBPRINT_Y + public[32:]).digest()[:8]


def sign(secret: bytes, digest: bytes) -> bytes:
    """The signature over a SHA-256 digest; equal inputs give equal signatures (RFC 6979, section 3.2).

    RangeError if the secret is not 32 bytes in 1..n-1 or the digest not 32 bytes.
    """
    return finish(sign_steps(secret, digest))


def sign_steps(secret: bytes, digest: bytes) -> "Steps[bytes]":
    """As ``sign``, in some 50 steps, none of which takes a twentieth of the whole."""
    key = _scalar(secret)
    number = _digest_number(digest)
    for nonce in _nonces(secret, number):
        point = yield from p256.multiply_base_steps(nonce)
        assert point
        r = point[0] % p256.N
        inverse = yield from p256.inverse_steps(nonce, p256.N)
        s = inverse * (number + r * key) % p256.N
        if r and s:
            break
    return _octets(r) + _octets(min(s, p256.N - s))


def verify(public: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is the key's low-S signature over ``digest``.

    False for whatever a peer can get wrong: lengths, r or s out of range, a high s, a public key that is no point of
    the curve. RangeError if the digest, which is ours, is not 32 bytes.
    """
    return finish(verify_steps(public, digest, signature))


def verify_steps(public: bytes, digest: bytes, signature: bytes) -> "Steps[bool]":
    """As ``verify``, in some 160 steps as short as those of ``sign_steps``."""
    number = _digest_number(digest)
    point = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    if len(public) != 64 or not p256.on_curve(point) or not is_low_s(signature):
        return False
    r, s = _split(signature)
    w = yield from p256.inverse_steps(s, p256.N)
    base = yield from p256.multiply_base_steps(number * w % p256.N)
    other = yield from p256.multiply_steps(r * w % p256.N, point)
    total = yield from p256.add_steps(base, other)
    return total is not None and total[0] % p256.N == r


def is_low_s(signature: bytes) -> bool:
    """Whether ``signature`` is 64 bytes with 0 < r < n and 0 < s <= n/2: the one form of the two twins we accept."""
    r, s = _split(signature)
    return len(signature) == 64 and 0 < r < p256.N and 0 < s <= p256.N // 2


class SoftwareSigner(Signer):
    """A signer whose secret lies in this computer's memory.

    Not constant-time: who can measure a signature's duration or power closely can learn the secret, and so can who
    reads the flash. Where people have physical access to the meter, use a secure element such as the ATECC608, which
    fills the same interface and never shows its key.
    """

    def __init__(self, secret: bytes, public: "bytes | None" = None) -> None:
        """RangeError if ``secret`` is not 32 bytes in 1..n-1. ``public`` is its key, if that is known already."""
        self._secret = secret
        self.public = public or public_from_secret(secret)
        self.kid = key_id(self.public)

    def sign_steps(self, digest: bytes) -> "Steps[bytes]":
        """The signature over a SHA-256 digest of 32 bytes; RangeError for another length."""
        return sign_steps(self._secret, digest)


def _nonces(secret: bytes, number: int) -> "Iterator[int]":
    """The nonces k of RFC 6979, section 3.2, steps b to h. All but one time in 2^32 the first one serves."""
    seed = secret + _octets(number)
    key, value = bytes(32), b"\x01" * 32
    for tag in b"\x00", b"\x01":
        key = _hmac(key, value + tag + seed)
        value = _hmac(key, value)
    while True:
        value = _hmac(key, value)
        nonce = int.from_bytes(value, "big")
        if 1 <= nonce < p256.N:
            yield nonce
        key = _hmac(key, value + b"\x00")
        value = _hmac(key, value)


def _hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) for a key of 32 bytes; MicroPython has no hmac module."""
    number = int.from_bytes(key, "big")
    inner = _octets(number ^ _INNER) + b"\x36" * 32
    outer = _octets(number ^ _OUTER) + b"\x5c" * 32
    return hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).digest()


def _digest_number(digest: bytes) -> int:
    _require(digest, 32, "a digest")
    return int.from_bytes(digest, "big") % p256.N


def _scalar(secret: bytes) -> int:
    _require(secret, 32, "a secret")
    scalar = int.from_bytes(secret, "big")
    if not 1 <= scalar < p256.N:
        raise RangeError("the secret is outside 1..n-1")
    return scalar


def _require(data: bytes, size: int, name: str) -> None:
    if len(data) != size:
        raise RangeError(f"{name} has {size} bytes, not {len(data)}")


def _split(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def _octets(number: int) -> bytes:
    return number.to_bytes(32, "big")
