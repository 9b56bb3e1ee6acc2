import hashlib
import json

from firmware.wire import es256, p256
from firmware.wire.fields import RangeError
from firmware.wire.steps import finish

with open(__file__.rsplit("/", 2)[0] + "/vectors/es256.json") as file:
    VECTORS = json.load(file)

SECRET = bytes.fromhex(VECTORS["secret"])
PUBLIC = bytes.fromhex(VECTORS["public"])
DIGEST = hashlib.sha256(b"sample").digest()


def octets(number):
    return number.to_bytes(32, "big")


def number(data):
    return int.from_bytes(data, "big")


def high_twin(signature):
    return signature[:32] + octets(p256.N - number(signature[32:]))


def refuses(call, *arguments):
    try:
        call(*arguments)
    except RangeError:
        return True
    return False


def test_public_key_of_rfc_6979():
    assert es256.public_from_secret(SECRET) == PUBLIC


def test_signatures_of_rfc_6979_with_their_lower_s():
    printed_high = 0
    for vector in VECTORS["signatures"]:
        s = int(vector["s"], 16)
        printed_high += s > p256.N // 2
        expected = bytes.fromhex(vector["r"]) + octets(min(s, p256.N - s))
        digest = hashlib.sha256(vector["message"].encode()).digest()
        assert es256.sign(SECRET, digest) == expected
        assert es256.verify(PUBLIC, digest, expected)
    assert printed_high == 1


def test_nonces_of_rfc_6979():
    for vector in VECTORS["signatures"]:
        digest = hashlib.sha256(vector["message"].encode()).digest()
        assert next(es256._nonces(SECRET, number(digest))) == int(vector["k"], 16)


def only(nonce):
    return lambda _secret, _number: iter([nonce])


def test_signatures_of_nist_with_its_nonces():
    nonces = es256._nonces
    try:
        for vector in VECTORS["nist"]:
            secret, digest = bytes.fromhex(vector["secret"]), bytes.fromhex(vector["digest"])
            s = int(vector["s"], 16)
            expected = bytes.fromhex(vector["r"]) + octets(min(s, p256.N - s))
            es256._nonces = only(int(vector["k"], 16))
            assert es256.sign(secret, digest) == expected
            assert es256.public_from_secret(secret).hex() == vector["public"]
            assert es256.verify(bytes.fromhex(vector["public"]), digest, expected)
    finally:
        es256._nonces = nonces


def test_hmac_of_a_published_vector():
    # RFC 4231, section 4.3: its key "Jefe" filled up with zeros is the same HMAC key
    key = b"Jefe" + bytes(28)
    tag = es256._hmac(key, b"what do ya want for nothing?")
    assert tag.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_signatures_verify_for_many_digests_and_are_low():
    secret = octets(p256.N - 2)
    public = es256.public_from_secret(secret)
    for i in range(12):
        digest = hashlib.sha256(bytes([i])).digest()
        signature = es256.sign(secret, digest)
        assert es256.is_low_s(signature)
        assert es256.verify(public, digest, signature)


def test_digests_at_and_above_the_order():
    for value in (0, 1, p256.N - 1, p256.N, p256.N + 1, (1 << 256) - 1):
        signature = es256.sign(SECRET, octets(value))
        assert es256.verify(PUBLIC, octets(value), signature), value


def test_the_high_twin_is_refused():
    signature = es256.sign(SECRET, DIGEST)
    assert not es256.is_low_s(high_twin(signature))
    assert not es256.verify(PUBLIC, DIGEST, high_twin(signature))


def test_half_the_order_is_the_last_low_s():
    half = p256.N // 2
    assert es256.is_low_s(octets(1) + octets(half))
    assert not es256.is_low_s(octets(1) + octets(half + 1))


def test_r_and_s_outside_their_range_are_refused():
    signature = es256.sign(SECRET, DIGEST)
    r, s = signature[:32], signature[32:]
    for forged in (octets(0) + s, octets(p256.N) + s, b"\xff" * 32 + s, r + octets(0), bytes(64)):
        assert not es256.is_low_s(forged)
        assert not es256.verify(PUBLIC, DIGEST, forged)


def test_lengths_are_refused():
    signature = es256.sign(SECRET, DIGEST)
    for forged in (b"", signature[:63], signature + b"\x00", signature[:32], b"\x00" + signature):
        assert not es256.is_low_s(forged)
        assert not es256.verify(PUBLIC, DIGEST, forged)
    for key in (b"", PUBLIC[:63], PUBLIC + b"\x00", PUBLIC[:32] + b"\x00" + PUBLIC[32:]):
        assert not es256.verify(key, DIGEST, signature)


def test_every_changed_part_is_refused():
    signature = es256.sign(SECRET, DIGEST)
    for at in (0, 31, 32, 63):
        forged = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
        assert not es256.verify(PUBLIC, DIGEST, forged), at
    assert not es256.verify(PUBLIC, hashlib.sha256(b"samples").digest(), signature)
    assert not es256.verify(es256.public_from_secret(octets(5)), DIGEST, signature)


def test_public_keys_off_the_curve_are_refused():
    # With digest 0 and s = r = x, the sum is 1 * Q and its x is r: for every Q, were the curve not checked.
    x, y = octets(5), octets(finish(p256.multiply_base_steps(5))[1])
    assert not es256.verify(x + y, bytes(32), x + x)
    for key in (bytes(64), b"\xff" * 64, PUBLIC[32:] + PUBLIC[:32]):
        assert not es256.verify(key, DIGEST, es256.sign(SECRET, DIGEST))


def test_a_sum_at_infinity_is_refused():
    # With secret 1, digest z = -r makes u1 * G + u2 * Q = w * (z + r) * G infinity for every s.
    public = es256.public_from_secret(octets(1))
    for r in (1, 12345):
        assert not es256.verify(public, octets(p256.N - r), octets(r) + octets(1))


def test_arguments_of_ours_out_of_range():
    for secret in (octets(0), octets(p256.N), b"\xff" * 32, b"\x01", bytes(33)):
        assert refuses(es256.public_from_secret, secret)
        assert refuses(es256.sign, secret, DIGEST)
        assert refuses(es256.SoftwareSigner, secret)
    assert refuses(es256.sign, SECRET, DIGEST[:31])
    assert refuses(es256.verify, PUBLIC, DIGEST + b"\x00", bytes(64))
    assert refuses(es256.key_id, PUBLIC[:63])


def test_key_id():
    thumbprint_input = bytes.fromhex("a401022001215820") + PUBLIC[:32] + bytes.fromhex("225820") + PUBLIC[32:]
    assert es256.key_id(PUBLIC) == hashlib.sha256(thumbprint_input).digest()[:8]
    # RFC 9679, section 6: the example key and its thumbprint
    x = "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"
    y = "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"
    assert es256.key_id(bytes.fromhex(x + y)).hex() == "496bd8afadf307e5"


def test_secrets_are_drawn_until_one_is_in_range():
    drawn = [octets(0), octets(p256.N), b"\xff" * 32, octets(p256.N - 1)]
    asked = []

    def random(count):
        asked.append(count)
        return drawn[len(asked) - 1]

    assert es256.generate_secret(random) == octets(p256.N - 1)
    assert asked == [32, 32, 32, 32]


def test_software_signer():
    signer = es256.SoftwareSigner(SECRET)
    assert signer.public == PUBLIC
    assert signer.kid == es256.key_id(PUBLIC)
    assert signer.sign(DIGEST) == es256.sign(SECRET, DIGEST)
