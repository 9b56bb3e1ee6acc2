"""Certificate requests and keys in DER: golden bytes, and what is refused."""

import json

from firmware.wire import csr, der, es256
from firmware.wire.fields import RangeError

with open(__file__.rsplit("/", 2)[0] + "/vectors/csr.json") as file:
    VECTORS = json.load(file)

SIGNER = es256.SoftwareSigner(bytes.fromhex(VECTORS["secret"]))


def refuses(call, *arguments):
    try:
        call(*arguments)
    except RangeError:
        return True
    return False


def test_integers_are_as_short_as_their_sign_allows():
    # X.690, section 8.3
    assert der.integer(0) == b"\x02\x01\x00"
    assert der.integer(127) == b"\x02\x01\x7f"
    assert der.integer(128) == b"\x02\x02\x00\x80"
    assert der.integer(256) == b"\x02\x02\x01\x00"
    assert refuses(der.integer, -1)


def test_lengths_are_as_short_as_they_can():
    # X.690, section 10.1
    assert der.octet_string(bytes(127))[:2] == b"\x04\x7f"
    assert der.octet_string(bytes(128))[:3] == b"\x04\x81\x80"
    assert der.octet_string(bytes(255))[:3] == b"\x04\x81\xff"
    assert der.octet_string(bytes(256))[:4] == b"\x04\x82\x01\x00"


def test_tags_that_fit_one_byte():
    assert der.tagged(0, b"") == b"\xa0\x00"
    assert refuses(der.tagged, 31, b"")


def test_text_between_its_lines():
    assert der.pem("X", bytes(49)) == "-----BEGIN X-----\n" + 64 * "A" + "\nAA==\n-----END X-----\n"


def test_a_private_key():
    assert der.private_key(bytes.fromhex(VECTORS["secret"]), SIGNER.public).hex() == VECTORS["private_key"]


def test_a_request():
    assert csr.request(SIGNER, VECTORS["meter"]) == VECTORS["request"]


def test_a_name_that_is_no_id_is_refused():
    for name in ("", "Wind-1", "wind/1", "a" * 33):
        assert refuses(csr.request, SIGNER, name)
