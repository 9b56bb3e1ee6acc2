"""Our ES256 against two libraries that share no code with it: OpenSSL (by cryptography) and ecdsa."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import ecdsa
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from firmware.wire import es256, p256
from firmware.wire.steps import finish

ALGORITHM = ec.ECDSA(Prehashed(SHA256()))
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "es256.json").read_text())


def cases(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Pairs of a secret and a digest, the same ones in every run; the first digest is above the order."""
    yield b"\x01" * 32, b"\xff" * 32
    for i in range(1, count):
        secret = int.from_bytes(hashlib.sha256(b"secret %d" % i).digest(), "big") % (p256.N - 1) + 1
        yield secret.to_bytes(32, "big"), hashlib.sha256(b"digest %d" % i).digest()


def openssl_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())


def low_s(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + min(s, p256.N - s).to_bytes(32, "big")


def test_openssl_has_the_same_public_keys():
    for secret, _ in cases(20):
        numbers = openssl_key(secret).public_key().public_numbers()
        public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        assert es256.public_from_secret(secret) == public


def test_openssl_confirms_the_vectors():
    for k, x, y in VECTORS["multiples"]:
        numbers = openssl_key(bytes.fromhex(k)).public_key().public_numbers()
        assert (numbers.x, numbers.y) == (int(x, 16), int(y, 16))


def test_openssl_accepts_our_signatures():
    for secret, digest in cases(20):
        signature = es256.sign(secret, digest)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        openssl_key(secret).public_key().verify(encode_dss_signature(r, s), digest, ALGORITHM)
        with pytest.raises(InvalidSignature):
            openssl_key(secret).public_key().verify(encode_dss_signature(r, s + 1), digest, ALGORITHM)


def test_we_accept_openssl_signatures_in_low_form_only():
    for secret, digest in cases(20):
        public = es256.public_from_secret(secret)
        r, s = decode_dss_signature(openssl_key(secret).sign(digest, ALGORITHM))
        assert es256.verify(public, digest, low_s(r, s))
        high_form = r.to_bytes(32, "big") + max(s, p256.N - s).to_bytes(32, "big")
        assert not es256.verify(public, digest, high_form)


def test_ecdsa_makes_the_same_deterministic_signatures():
    for secret, digest in cases(20):
        key = ecdsa.SigningKey.from_string(secret, ecdsa.NIST256p, hashlib.sha256)
        signature = key.sign_digest_deterministic(digest, hashfunc=hashlib.sha256)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        assert es256.sign(secret, digest) == low_s(r, s)


def test_ecdsa_draws_the_same_second_and_third_nonce():
    for secret, digest in cases(5):
        scalar = int.from_bytes(secret, "big")
        ours = es256._nonces(secret, int.from_bytes(digest, "big") % p256.N)
        for retry in range(3):
            theirs = ecdsa.rfc6979.generate_k(p256.N, scalar, hashlib.sha256, digest, retry_gen=retry)
            assert next(ours) == theirs


def test_ecdsa_adds_points_alike():
    generator = ecdsa.NIST256p.generator
    for secret, digest in cases(10):
        k, m = int.from_bytes(secret, "big"), int.from_bytes(digest, "big") % p256.N
        base, other = finish(p256.multiply_base_steps(k)), finish(p256.multiply_steps(m, p256.G))
        ours = finish(p256.add_steps(base, other))
        theirs = (generator * k + generator * m).to_affine()
        assert ours == (theirs.x(), theirs.y())
