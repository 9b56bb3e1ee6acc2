"""Applying certificates: the chain of each meter, and what it adds to each settlement interval."""

from firmware.wire import certificate, cose
from firmware.wire.certificate import Certificate

from .apportion import spread
from .state import CertificateFact, Chain, Coverage, Refused, State

_LONGEST = 1_000_000
"""Settlement intervals that one certificate may span: a catch-up of years at 15 minutes, and a bound on the work it causes."""


def apply_certificate(state: State, statement: cose.Statement, meter: str) -> None:
    """Take in one certificate, in any order. Its neighbours by sequence number must agree with it where they are here."""
    body = certificate.decode(statement.payload)
    known = state.certificates.get((meter, body.seq))
    if known is not None:
        raise Refused(f"clone: {meter} has issued another certificate {body.seq}")
    if body.end - body.t0 > _LONGEST * state.rules.interval:
        raise Refused(f"the certificate spans more than {_LONGEST} settlement intervals")
    fact = CertificateFact(statement.id, body.prev, body.t0, body.end, body.opening, body.closing)
    _check_joint(state.certificates.get((meter, body.seq - 1)), fact)
    _check_joint(fact, state.certificates.get((meter, body.seq + 1)))
    state.certificates.put((meter, body.seq), fact)
    state.chains.put(meter, _extended(state.chains.get(meter) or Chain(), body.seq))
    _cover(state, meter, body)


def _check_joint(earlier: CertificateFact | None, later: CertificateFact | None) -> None:
    if earlier is None or later is None:
        return
    if later.prev != earlier.id:
        raise Refused("broken chain: the previous certificate is another one")
    if later.opening != earlier.closing:
        raise Refused(f"broken chain: opening {later.opening} Wh, the previous closing is {earlier.closing} Wh")
    if later.t0 != earlier.end:
        raise Refused("broken chain: it does not begin where the previous one ends")


def _extended(chain: Chain, seq: int) -> Chain:
    beyond = sorted({*chain.beyond, seq})
    contiguous = chain.contiguous
    while beyond and beyond[0] == contiguous + 1:
        contiguous = beyond.pop(0)
    return Chain(contiguous, tuple(beyond), chain.count + 1)


def _cover(state: State, meter: str, body: Certificate) -> None:
    length = state.rules.interval
    for number, row in enumerate(body.rows):
        start = body.t0 + number * body.dt
        end = start + body.dt
        for t0 in range(start - start % length, end, length):
            low, high = max(start, t0), min(end, t0 + length)
            before = state.coverage.get((t0, meter)) or Coverage()
            state.coverage.put(
                (t0, meter),
                Coverage(
                    before.seconds + high - low,
                    before.imported + spread(row[0], body.dt, low - start, high - start),
                    before.exported + spread(row[1], body.dt, low - start, high - start),
                    before.spread or (start, end) != (low, high),
                ),
            )
            # even one that is settled: it may now be trued up
            state.reopen(t0)
