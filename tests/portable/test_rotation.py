"""Key rotation: golden bytes, both signatures, and what is refused."""

import json

from firmware.wire import cbor, cose, enrolment, es256, rotation
from firmware.wire.fields import WireError

with open(__file__.rsplit("/", 2)[0] + "/vectors/rotation.json") as file:
    VECTORS = json.load(file)

OLD = es256.SoftwareSigner(bytes.fromhex(VECTORS["old_secret"]))
NEW = es256.SoftwareSigner(bytes.fromhex(VECTORS["new_secret"]))


def refused(payload):
    try:
        rotation.decode(payload)
    except WireError:
        return True
    return False


def test_the_statement_is_the_golden_one():
    data = rotation.rotate(OLD, NEW, "isle", "wind-1", 8, 3)
    assert data.hex() == VECTORS["statement"]
    assert len(data) <= rotation.MAX_SIZE


def test_the_old_key_signs_for_the_new_one_and_the_new_one_for_itself():
    statement = cose.parse(bytes.fromhex(VECTORS["statement"]))
    assert (statement.type, statement.kid) == (rotation.TYPE, OLD.kid)
    assert es256.verify(OLD.public, statement.id, statement.signature)
    body = rotation.decode(statement.payload)
    assert (body.certificate, body.event) == (8, 3)
    request = cose.parse(body.request, enrolment.MAX_SIZE)
    assert (request.issuer, request.subject) == ("isle", "wind-1")
    assert enrolment.public_of(request) == NEW.public
    assert es256.verify(NEW.public, request.id, request.signature)


def test_no_other_form_is_taken():
    request = enrolment.request(NEW, "isle", "wind-1")
    assert not refused(cbor.encode({1: request, 2: 1, 3: 1}))
    for body in (
        {1: request, 2: 1},
        {1: request, 2: 1, 3: 1, 4: 1},
        {1: "request", 2: 1, 3: 1},
        {1: bytes(513), 2: 1, 3: 1},
        {1: request, 2: 0, 3: 1},
        {1: request, 2: 1, 3: 0},
        {1: request, 2: 1 << 32, 3: 1},
        [request, 1, 1],
    ):
        assert refused(cbor.encode(body))
    try:
        rotation.rotate(OLD, NEW, "isle", "wind-1", 0, 1)
    except WireError:
        return
    raise AssertionError("a rotation from certificate 0 on")
