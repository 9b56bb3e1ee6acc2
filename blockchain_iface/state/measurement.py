"""Applying certificates: the chain of each meter, and what it adds to each settlement interval of its metering point."""

from collections.abc import Sequence

from firmware.wire import certificate, cose, receipt
from firmware.wire.certificate import Certificate

from ..signatures import Verifier
from . import quarantine, succession
from .apportion import spread
from .happenings import Certified
from .records import SPREAD, CertificateFact, Coverage, Key, Meter
from .state import Refused, State

_NOTHING = Coverage()
_LONGEST = 1_000_000
"""Settlement intervals that may be covered at once: a catch-up of years at 15 minutes, and a bound on the work it causes."""


def apply_certificate(state: State, statement: cose.Statement, key: Key, verifier: Verifier) -> Certified:
    """Take in one certificate, in any order. Its neighbours by sequence number must agree with it where they are here."""
    body = verifier.body(statement, certificate.decode)
    meter, seq = key.meter, body.seq
    if not key.signs(receipt.CERTIFICATE, seq):
        raise Refused(f"the key does not sign certificate {seq}: it was revoked or replaced")
    chain = state.chain(receipt.CERTIFICATE, meter)
    if chain.holds(seq):
        raise Refused(f"clone: {meter} has issued another certificate {seq}")
    fact = CertificateFact(statement.id, body.prev, body.t0, body.end, body.opening, body.closing)
    if chain.holds(seq - 1):
        _check_joint(state.certificates[meter, seq - 1], fact)
    if chain.holds(seq + 1):
        _check_joint(fact, state.certificates[meter, seq + 1])
    place = state.meters[meter]
    if seq == 1 and place.since is not None:
        _begin(state, place, place.since, body)
    gaps = state.given_up.get(meter) or ()
    if not all(gap.joins(seq, fact) for gap in gaps):
        raise Refused("broken chain: it does not meet the certificates that were given up")
    succession.begin(state, key, certificate=seq)
    state.certificates.add((meter, seq), fact)
    state.chains.put(meter, chain.extended(seq))
    if not any(gap.first <= seq <= gap.last for gap in gaps):
        cover(state, place.point, _rows(body))
    return Certified(meter, seq, body.seen)


def _rows(body: Certificate) -> list[tuple[int, int, int, int]]:
    starts = range(body.t0, body.end, body.dt)
    return [(start, start + body.dt, row[0], row[1]) for start, row in zip(starts, body.rows, strict=True)]


def _check_joint(earlier: CertificateFact, later: CertificateFact) -> None:
    if later.prev != earlier.id:
        raise Refused("broken chain: the previous certificate is another one")
    if later.opening != earlier.closing:
        raise Refused(f"broken chain: opening {later.opening} Wh, the previous closing is {earlier.closing} Wh")
    if later.t0 != earlier.end:
        raise Refused("broken chain: it does not begin where the previous one ends")


def _begin(state: State, meter: Meter, since: int, body: Certificate) -> None:
    """The first certificate after an exchange goes on where the exchange left off. What lies between flowed nowhere."""
    if body.opening != meter.opening:
        raise Refused(f"broken chain: opening {body.opening} Wh, the exchange says {meter.opening} Wh")
    if body.t0 < since:
        raise Refused("broken chain: it begins before the exchange")
    cover(state, meter.point, [(since, body.t0, 0, 0)])


def cover(state: State, point: str, spans: Sequence[tuple[int, int, int, int]]) -> None:
    """Add adjoining ``spans`` (start and end in Unix seconds, import and export in Wh) to the intervals that they fall in.

    The intervals are opened, even if they are settled: they may now be trued up, unless the point is in quarantine. Refused if
    it is absurdly many.
    """
    length = state.rules.interval
    if spans[-1][1] - spans[0][0] > _LONGEST * length:
        raise Refused(f"it spans more than {_LONGEST} settlement intervals")
    parts: dict[int, Coverage] = {}
    for start, end, imported, exported in spans:
        span = end - start
        for t0 in range(start - start % length, end, length):
            low, high = max(start, t0), min(end, t0 + length)
            seconds, taken, given, quality = parts.get(t0) or state.coverage.get((t0, point)) or _NOTHING
            if high - low == span:
                parts[t0] = Coverage(seconds + span, taken + imported, given + exported, quality)
            else:
                taken += spread(imported, span, low - start, high - start)
                given += spread(exported, span, low - start, high - start)
                parts[t0] = Coverage(seconds + high - low, taken, given, SPREAD)
    for t0, part in parts.items():
        state.coverage.put((t0, point), part)
    if parts:
        quarantine.news(state, point, min(parts), max(parts))
