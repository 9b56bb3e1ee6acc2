"""Steps: long computations give the same results as at once, and no step does much."""

from firmware.wire import certificate, cose, es256, p256
from firmware.wire.clock import ClockQuality
from firmware.wire.signer import Signer
from firmware.wire.steps import finish

SECRET = bytes(31) + b"\x07"
SIGNER = es256.SoftwareSigner(SECRET)
DIGEST = bytes(range(32))
SIGNATURE = es256.sign(SECRET, DIGEST)


def operations_of(steps):
    """How many point doublings and additions each step does."""
    double, add = p256._double, p256._add
    counts = []

    def counting(operation):
        def counted(*points):
            counts[-1] += 1
            return operation(*points)

        return counted

    p256._double, p256._add = counting(double), counting(add)
    try:
        done = False
        while not done:
            counts.append(0)
            done = next(steps, "done") == "done"
    finally:
        p256._double, p256._add = double, add
    return counts


def four_rows():
    """A certificate of an hour in rows of 15 minutes."""
    rows = [(1200, 0, 72000, 2301, -12, 500, 0)] * 4
    return certificate.Certificate(
        7, 3, bytes(32), ClockQuality(2, 1000, 0), 1_800_000_000, 900, (5_000_000, 7), rows, (5_004_800, 7), 0, (300, bytes(32))
    )


def test_finish_returns_what_the_last_step_returns():
    def steps(count):
        for _ in range(count):
            yield
        return count

    assert [finish(steps(count)) for count in (0, 1, 5)] == [0, 1, 5]


def test_steps_give_the_same_signature_and_verdict():
    assert finish(es256.sign_steps(SECRET, DIGEST)) == SIGNATURE
    assert finish(SIGNER.sign_steps(DIGEST)) == SIGNATURE == SIGNER.sign(DIGEST)
    assert finish(es256.verify_steps(SIGNER.public, DIGEST, SIGNATURE)) is True
    assert finish(es256.verify_steps(SIGNER.public, bytes(32), SIGNATURE)) is False


def test_computations_do_not_disturb_each_other():
    digests = [bytes([i]) * 32 for i in range(3)]
    signing = [es256.sign_steps(SECRET, digest) for digest in digests]
    signatures = {}
    while len(signatures) < len(digests):
        for index, steps in enumerate(signing):
            try:
                next(steps)
            except StopIteration as end:
                signatures.setdefault(digests[index], end.value)
    for digest in digests:
        assert signatures[digest] == es256.sign(SECRET, digest)


def test_a_signer_that_only_signs_at_once_has_steps_too():
    class Quick(Signer):
        def sign(self, digest):
            return digest + digest

    assert finish(Quick().sign_steps(DIGEST)) == DIGEST + DIGEST


def test_no_step_does_more_than_five_point_operations():
    for steps in (es256.sign_steps(SECRET, DIGEST), es256.verify_steps(SIGNER.public, DIGEST, SIGNATURE)):
        counts = operations_of(steps)
        assert max(counts) <= 5
        assert sum(counts) > 80


def test_an_inversion_has_steps():
    steps = p256.inverse_steps(int.from_bytes(DIGEST, "big"), p256.N)
    assert len(list(steps)) >= 3


def test_an_issued_certificate_is_the_statement_that_its_bytes_say():
    statement = finish(certificate.issue_steps(SIGNER, "isle", "wind-1", four_rows()))
    parsed = cose.parse(statement.data)
    assert certificate.issue(SIGNER, "isle", "wind-1", four_rows()) == statement.data
    for name in ("id", "issuer", "kid", "payload", "signature", "subject", "type"):
        assert getattr(statement, name) == getattr(parsed, name)
