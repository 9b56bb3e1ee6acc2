"""Applying certificates: the chain of each meter, and what it adds to each settlement interval of its metering point."""

from firmware.wire import certificate, cose, receipt
from firmware.wire.certificate import Certificate

from .apportion import spread
from .happenings import Certified
from .records import SPREAD, CertificateFact, Coverage, Key, Meter
from .state import Refused, State

_LONGEST = 1_000_000
"""Settlement intervals that may be covered at once: a catch-up of years at 15 minutes, and a bound on the work it causes."""


def apply_certificate(state: State, statement: cose.Statement, key: Key) -> Certified:
    """Take in one certificate, in any order. Its neighbours by sequence number must agree with it where they are here."""
    body = certificate.decode(statement.payload)
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
    state.certificates.put((meter, seq), fact)
    state.chains.put(meter, chain.extended(seq))
    _cover_rows(state, place.point, body)
    return Certified(meter, seq)


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
    cover(state, meter.point, since, body.t0, (0, 0))


def _cover_rows(state: State, point: str, body: Certificate) -> None:
    _check_span(state, body.t0, body.end)
    for number, row in enumerate(body.rows):
        start = body.t0 + number * body.dt
        _add(state, point, start, start + body.dt, row[0], row[1])
    _reopen(state, body.t0, body.end)


def cover(state: State, point: str, start: int, end: int, energy: tuple[int, int]) -> None:
    """Add ``energy`` (import, export in Wh), metered between Unix seconds ``start`` and ``end``, to the intervals it falls in.

    Refused if the span is absurdly long.
    """
    _check_span(state, start, end)
    _add(state, point, start, end, *energy)
    _reopen(state, start, end)


def _check_span(state: State, start: int, end: int) -> None:
    if end - start > _LONGEST * state.rules.interval:
        raise Refused(f"it spans more than {_LONGEST} settlement intervals")


def _add(state: State, point: str, start: int, end: int, imported: int, exported: int) -> None:
    length, span = state.rules.interval, end - start
    for t0 in range(start - start % length, end, length):
        low, high = max(start, t0), min(end, t0 + length)
        before = state.coverage.get((t0, point)) or Coverage()
        now = Coverage(
            before.seconds + high - low,
            before.imported + spread(imported, span, low - start, high - start),
            before.exported + spread(exported, span, low - start, high - start),
            before.quality if (start, end) == (low, high) else SPREAD,
        )
        state.coverage.put((t0, point), now)


def _reopen(state: State, start: int, end: int) -> None:
    """Open the intervals again, even those that are settled: they may now be trued up."""
    length = state.rules.interval
    state.reopen(range(start - start % length, end, length))
