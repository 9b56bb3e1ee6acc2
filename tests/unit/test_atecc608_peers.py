"""The secure element's driver with a chip whose key OpenSSL holds: random nonces, s high as often as low."""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from firmware.hal.atecc608 import Atecc608
from firmware.hal.fake_atecc608 import Chip
from firmware.wire import certificate, cose, es256
from tests.portable.test_steps import four_rows

ALGORITHM = ec.ECDSA(Prehashed(SHA256()))
SECRET = hashlib.sha256(b"born on the chip").digest()
KEY = ec.derive_private_key(int.from_bytes(SECRET, "big"), ec.SECP256R1())


def element_of(highs: list[bool]) -> Atecc608:
    chip = Chip(SECRET)

    def sign(digest: bytes) -> bytes:
        r, s = decode_dss_signature(KEY.sign(digest, ALGORITHM))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        highs.append(not es256.is_low_s(signature))
        return signature

    chip.sign = sign
    return Atecc608(chip, chip.ticks_ms)


def test_openssl_and_we_accept_what_the_driver_makes_of_the_chips_signatures() -> None:
    highs: list[bool] = []
    element = element_of(highs)
    for i in range(40):
        digest = hashlib.sha256(b"%d" % i).digest()
        signature = element.sign(digest)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        KEY.public_key().verify(encode_dss_signature(r, s), digest, ALGORITHM)
        assert es256.verify(element.public, digest, signature)
    # all of one kind once in 2^39 runs
    assert set(highs) == {False, True}


def test_a_certificate_by_the_chip_is_one_like_any_other() -> None:
    element = element_of([])
    statement = cose.parse(certificate.issue(element, "isle", "wind-1", four_rows()))
    assert statement.kid == element.kid
    assert es256.verify(element.public, statement.id, statement.signature)
