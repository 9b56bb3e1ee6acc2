"""How long a step of a long computation takes, against a whole signature. Needs a clock."""

import sys
import time

from firmware.wire import certificate, es256, proof, receipt
from firmware.wire.clock import ClockQuality

SECRET = bytes(31) + b"\x07"
SIGNER = es256.SoftwareSigner(SECRET)
DIGEST = bytes(range(32))
SIGNATURE = es256.sign(SECRET, DIGEST)
ROUNDS = 30
# CPython multiplies so fast that packing weighs more beside it; meters do not run it
SHARE = 20 if sys.implementation.name == "micropython" else 8
seconds = getattr(time, "perf_counter", time.time)


def timed(begin):
    """Seconds of each step, at its fastest of many rounds: what else the computer does does not count."""
    fastest = []
    for round in range(ROUNDS):
        steps, at, done = begin(), 0, False
        while not done:
            start = seconds()
            done = next(steps, "done") == "done"
            took = seconds() - start
            if round == 0:
                fastest.append(took)
            else:
                fastest[at] = min(fastest[at], took)
            at += 1
    return fastest


def four_rows():
    """A certificate of an hour in rows of 15 minutes."""
    rows = [(1200, 0, 72000, 2301, -12, 500, 0)] * 4
    return certificate.Certificate(
        7, 3, bytes(32), ClockQuality(2, 1000, 0), 1_800_000_000, 900, (5_000_000, 7), rows, (5_004_800, 7), 0, (300, bytes(32))
    )


def test_no_step_takes_a_twentieth_of_a_signature():
    signing = timed(lambda: es256.sign_steps(SECRET, DIGEST))
    assert max(signing) <= sum(signing) / 20
    assert max(timed(lambda: es256.verify_steps(SIGNER.public, DIGEST, SIGNATURE))) <= sum(signing) / 20


def test_no_step_of_issuing_and_of_checking_a_receipt_takes_a_twentieth_of_a_signature():
    issuing = timed(lambda: certificate.issue_steps(SIGNER, "isle", "wind-1", four_rows()))
    leaf, path = bytes(300), [bytes([i]) * 32 for i in range(16)]
    root = proof.root_from_path(proof.leaf_hash(leaf), 0, 1 << 16, path)
    data = receipt.encode(SIGNER.kid, "isle", 1 << 16, 0, path, receipt.sign_head(SIGNER, "isle", root))
    checking = timed(lambda: receipt.Verifier("isle", SIGNER.public).check_steps(data, leaf))
    assert len(checking) > 120
    limit = sum(timed(lambda: es256.sign_steps(SECRET, DIGEST))) / SHARE
    assert max(issuing) <= limit
    assert max(checking) <= limit
