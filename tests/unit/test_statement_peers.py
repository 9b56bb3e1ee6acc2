"""Certificates as others see them: two independent COSE libraries, cbor2 and OpenSSL take the firmware's golden bytes."""

import json
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives import serialization
from cwt import COSE, COSEKey
from scitt_cose.cose_sign1 import CoseError, verify_sign1

from blockchain_iface.signatures import Verifier, public_key
from firmware.wire import cose, es256
from tests.virtual_meter import VirtualMeter

VECTORS = json.loads(Path("tests/vectors/wire.json").read_text())
PUBLIC = es256.public_from_secret(bytes.fromhex(VECTORS["meter_secret"]))
CERTIFICATES = [bytes.fromhex(vector["bytes"]) for vector in VECTORS["certificates"]]


def test_scitt_cose_verifies_a_certificate():
    pem = public_key(PUBLIC).public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for data in CERTIFICATES:
        assert verify_sign1(data, public_key_pem=pem).payload == cose.parse(data).payload
        with pytest.raises(CoseError):
            verify_sign1(data[:-1] + bytes([data[-1] ^ 1]), public_key_pem=pem)


def test_cwt_verifies_a_certificate():
    for data in CERTIFICATES:
        statement = cose.parse(data)
        key = COSEKey.new({1: 2, 2: statement.kid, 3: -7, -1: 1, -2: PUBLIC[:32], -3: PUBLIC[32:]})
        assert COSE.new().decode(data, key) == statement.payload


def test_cbor2_reads_and_writes_the_same_bytes():
    for data in CERTIFICATES:
        assert cbor2.dumps(cbor2.loads(data), canonical=False) == data
        body = cbor2.loads(cose.parse(data).payload)
        assert cbor2.dumps(body) == cose.parse(data).payload


def test_openssl_agrees_with_the_firmware():
    verifier = Verifier()
    for data in CERTIFICATES:
        statement = cose.parse(data)
        assert verifier.holds(statement, PUBLIC)
        assert not verifier.holds(statement, VirtualMeter("home-1", 5).signer.public)


def test_signers_on_both_sides_sign_alike():
    meter = VirtualMeter("home-1", int(VECTORS["meter_secret"], 16))
    assert meter.request.hex() == VECTORS["request"]
