"""Certificate requests and keys, as OpenSSL reads them."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from firmware.wire import csr, der, es256
from firmware.wire.fields import RangeError

SECRETS = [hashlib.sha256(bytes([count])).digest() for count in range(12)]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_request_is_read_and_its_signature_holds(secret: bytes) -> None:
    signer = es256.SoftwareSigner(secret)
    request = x509.load_pem_x509_csr(csr.request(signer, "wind-1").encode())
    assert request.is_signature_valid
    assert isinstance(request.signature_hash_algorithm, hashes.SHA256)
    assert [(one.oid, one.value) for one in request.subject] == [(NameOID.COMMON_NAME, "wind-1")]
    key = request.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    assert point == b"\x04" + signer.public
    assert list(request.extensions) == []


@pytest.mark.parametrize("secret", SECRETS)
def test_a_private_key_is_read(secret: bytes) -> None:
    data = der.private_key(secret, es256.public_from_secret(secret))
    key = serialization.load_der_private_key(data, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers().private_value == int.from_bytes(secret, "big")
    # the one form that is written everywhere
    encoding = serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    assert key.private_bytes(*encoding) == data


def test_what_needs_a_longer_length_is_refused() -> None:
    assert der.octet_string(bytes(65535))[:4] == b"\x04\x82\xff\xff"
    with pytest.raises(RangeError):
        der.octet_string(bytes(65536))
