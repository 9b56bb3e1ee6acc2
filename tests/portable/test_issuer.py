"""Issuer: numbers, links and what a restart makes of the newest certificate."""

from firmware.meter.interval import Interval
from firmware.meter.issuer import Issuer, head_of
from firmware.wire import certificate, cose, es256
from firmware.wire.clock import ClockQuality
from firmware.wire.steps import finish

SIGNER = es256.SoftwareSigner(bytes(31) + b"\x07")
T = 1_800_000_000


def interval(number):
    row = (3, 0, 1, None, None, None, certificate.PARTIAL)
    return Interval(T + 10 * number, 10, (3 * number, 0), [row], (3 * number + 3, 0))


def issuer_after(data, last_seq, boot=1):
    return Issuer(SIGNER, "isle", "wind-1", boot, head_of(data, last_seq))


def issue(issuer, interval, seen):
    return finish(issuer.issue_steps(issuer.draft(interval, ClockQuality(2, 1000, 0), seen)))


def body_of(data):
    return certificate.decode(cose.parse(data).payload)


def test_the_first_certificate():
    data, head = issue(issuer_after(None, 0), interval(0), None)
    statement = cose.parse(data)
    assert (statement.issuer, statement.subject, statement.type) == ("isle", "wind-1", certificate.TYPE)
    assert es256.verify(SIGNER.public, statement.id, statement.signature)
    body = body_of(data)
    assert (body.seq, body.boot, body.prev, body.t0, body.dt) == (1, 1, None, T, 10)
    assert (body.clock.fields(), body.seen) == ([2, 1000, 0], None)
    assert (body.status, body.closing) == (certificate.PARTIAL, (3, 0))
    assert (head.seq, head.id) == (1, statement.id)


def test_the_chain_goes_on_only_from_what_was_kept():
    issuer = issuer_after(None, 0)
    issue(issuer, interval(0), None)
    data, head = issue(issuer, interval(0), None)
    assert head.seq == 1
    issuer.head = head
    following, _ = issue(issuer, interval(1), (5, bytes(32)))
    body = body_of(following)
    assert (body.seq, body.prev, body.seen) == (2, cose.parse(data).id, (5, bytes(32)))


def test_a_restart_reads_the_head_from_the_newest_certificate():
    data, head = issue(issuer_after(None, 0), interval(0), None)
    restarted = issuer_after(data, 1, boot=2)
    assert (restarted.head.seq, restarted.head.id) == (1, head.id)
    assert (restarted.head.body.end, restarted.head.body.closing) == (T + 10, (3, 0))
    body = body_of(issue(restarted, interval(1), None)[0])
    assert (body.seq, body.boot, body.prev) == (2, 2, head.id)


def test_numbers_of_lost_certificates_are_not_used_again():
    data, head = issue(issuer_after(None, 0), interval(0), None)
    body = body_of(issue(issuer_after(data, 4), interval(1), None)[0])
    assert (body.seq, body.prev) == (5, head.id)
    assert body_of(issue(issuer_after(None, 4), interval(1), None)[0]).prev == bytes(32)
