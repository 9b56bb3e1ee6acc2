"""Applications: both keys are proved to be held, and nothing more is asked for than may be given."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.core.application import ApplicationRefused, parse
from tests.door_keys import DoorKey, application
from tests.virtual_meter import SITE, VirtualMeter

WIND = VirtualMeter("wind-1", 11)
DOOR = DoorKey("wind-1")
IDENTITY = DOOR.identity(WIND)
Name = x509.NameAttribute[str]


def request(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
    names: list[Name],
    change: Callable[[x509.CertificateSigningRequestBuilder], x509.CertificateSigningRequestBuilder] = lambda same: same,
) -> str:
    builder = change(x509.CertificateSigningRequestBuilder(x509.Name(names)))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


CN = Name(NameOID.COMMON_NAME, "wind-1")
WISH = x509.SubjectAlternativeName([x509.DNSName("broker")])


def forged() -> str:
    """DOOR's name and key with a stranger's proof."""
    good = x509.load_pem_x509_csr(DOOR.csr.encode()).public_bytes(Encoding.DER)
    bad = good[:-1] + bytes([good[-1] ^ 1])
    return x509.load_der_x509_csr(bad).public_bytes(Encoding.PEM).decode()


def test_a_meters_own_identity_is_one() -> None:
    one = parse(application(IDENTITY, "token"), SITE)
    assert (one.meter, one.token, one.request) == ("wind-1", "token", WIND.request)
    assert one.fingerprint == WIND.signer.kid
    assert one.door_key == DOOR.public


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"public": "00" * 64}, "of another meter or key than the document says"),
        ({"meter": "wind-2"}, "of another meter or key than the document says"),
        ({"request": "00"}, "this is no enrolment request"),
        ({"request": "0"}, "request: String should match pattern"),
        ({"request": (VirtualMeter("wind-1", 12).request[:-64] + WIND.request[-64:]).hex()}, "another meter or key"),
        ({"request": (WIND.request[:-64] + VirtualMeter("wind-1", 12).request[-64:]).hex()}, "not signed by the key"),
        ({"token": 5}, "token: Input should be a valid string"),
        ({"role": "wind"}, "role: Extra inputs are not permitted"),
        ({"csr": "hello"}, "csr: this is no certificate request"),
        ({"csr": forged()}, "csr: it is not signed by the key that it offers"),
        ({"csr": DoorKey("wind-2").csr}, "csr: it asks for more, or for another name, than CN=wind-1"),
        ({"csr": request(DOOR.key, [CN, CN])}, "csr: it asks for more"),
        ({"csr": request(DOOR.key, [CN, Name(NameOID.ORGANIZATION_NAME, "x")])}, "csr: it asks for more"),
        ({"csr": request(DOOR.key, [CN], lambda csr: csr.add_extension(WISH, False))}, "csr: it asks for more"),
        ({"csr": request(ec.generate_private_key(ec.SECP384R1()), [CN])}, "csr: the key is not on P-256"),
        ({"csr": request(rsa.generate_private_key(65537, 2048), [CN])}, "csr: the key is not on P-256"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ApplicationRefused) as refused:
        parse(json.dumps({**IDENTITY, "token": "token", **changes}).encode(), SITE)
    assert complaint in str(refused.value)


def test_names_of_the_house_are_not_for_meters() -> None:
    for name in ("gateway", "broker", "ledger"):
        with pytest.raises(ApplicationRefused, match=f"{name} cannot be a meter's name"):
            parse(application(DoorKey(name).identity(VirtualMeter(name, 11)), "token"), SITE)


def test_another_sites_meter_is_told_so() -> None:
    with pytest.raises(ApplicationRefused, match="the request is for site isle, this is atoll"):
        parse(application(IDENTITY, "token"), "atoll")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", application(IDENTITY, "token")[:-1]])
def test_what_is_no_document_is_told_so(data: bytes) -> None:
    with pytest.raises(ApplicationRefused, match="fetch it from the meter again"):
        parse(data, SITE)
