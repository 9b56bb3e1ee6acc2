"""Applying certificates: the chain of each meter, and what it adds to each settlement interval."""

from firmware.wire import certificate, cose
from firmware.wire.certificate import Certificate

from .apportion import spread
from .happenings import Certified
from .records import SPREAD, CertificateFact, Chain, Coverage
from .state import Refused, State

_LONGEST = 1_000_000
"""Settlement intervals that one certificate may span: a catch-up of years at 15 minutes, and a bound on the work it causes."""


def apply_certificate(state: State, statement: cose.Statement, meter: str) -> Certified:
    """Take in one certificate, in any order. Its neighbours by sequence number must agree with it where they are here."""
    body = certificate.decode(statement.payload)
    chain = state.chains.get(meter) or Chain()
    if chain.holds(body.seq):
        raise Refused(f"clone: {meter} has issued another certificate {body.seq}")
    if body.end - body.t0 > _LONGEST * state.rules.interval:
        raise Refused(f"the certificate spans more than {_LONGEST} settlement intervals")
    fact = CertificateFact(statement.id, body.prev, body.t0, body.end, body.opening, body.closing)
    if chain.holds(body.seq - 1):
        _check_joint(state.certificates[meter, body.seq - 1], fact)
    if chain.holds(body.seq + 1):
        _check_joint(fact, state.certificates[meter, body.seq + 1])
    state.certificates.put((meter, body.seq), fact)
    state.chains.put(meter, chain.extended(body.seq))
    _cover(state, meter, body)
    return Certified(meter, body.seq)


def _check_joint(earlier: CertificateFact, later: CertificateFact) -> None:
    if later.prev != earlier.id:
        raise Refused("broken chain: the previous certificate is another one")
    if later.opening != earlier.closing:
        raise Refused(f"broken chain: opening {later.opening} Wh, the previous closing is {earlier.closing} Wh")
    if later.t0 != earlier.end:
        raise Refused("broken chain: it does not begin where the previous one ends")


def _cover(state: State, meter: str, body: Certificate) -> None:
    length = state.rules.interval
    for number, row in enumerate(body.rows):
        start = body.t0 + number * body.dt
        end = start + body.dt
        for t0 in range(start - start % length, end, length):
            low, high = max(start, t0), min(end, t0 + length)
            before = state.coverage.get((t0, meter)) or Coverage()
            whole = (start, end) == (low, high)
            now = Coverage(
                before.seconds + high - low,
                before.imported + spread(row[0], body.dt, low - start, high - start),
                before.exported + spread(row[1], body.dt, low - start, high - start),
                before.quality if whole else SPREAD,
            )
            state.coverage.put((t0, meter), now)
    # even those that are settled: they may now be trued up
    state.reopen(range(body.t0 - body.t0 % length, body.end, length))
