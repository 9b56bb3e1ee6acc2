"""Whether a message is a certificate of one of our meters. No I/O; what is admitted is what the ledger is asked to take."""

from dataclasses import dataclass

from blockchain_iface.signatures import Verifier
from blockchain_iface.state.state import State
from firmware.wire import certificate, cose
from firmware.wire.certificate import Certificate
from firmware.wire.fields import WireError

from .refusal import Refusal, Refused

TOLERANCE_S = 30
"""How far two honest clocks may be apart, beyond the uncertainty that the meter itself admits."""
LONGEST_UNCERTAINTY_S = 600
"""A meter that is less sure of the time than this is not believed further."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A certificate that its meter did sign."""

    meter: str
    statement: cose.Statement
    body: Certificate


class Admission:
    """The gate. It reads the ledger's state, and keeps nothing but what the verifier remembers."""

    def __init__(self, site: str, state: State, verifier: Verifier) -> None:
        self._site = site
        self._state = state
        self._verifier = verifier

    def admit(self, meter: str, payload: bytes, now: int) -> Admitted:
        """The certificate that ``meter``'s topic brought at Unix second ``now``. Refused with the first reason found."""
        statement = _parse(meter, payload)
        self._check_claims(meter, statement)
        self._check_signature(meter, statement)
        body = _body(meter, statement)
        allowed = now + TOLERANCE_S + min(body.clock_uncertainty_ms // 1000, LONGEST_UNCERTAINTY_S)
        if body.end > allowed:
            raise Refused(Refusal.FUTURE, f"it ends at {body.end}, now is {now}", meter)
        return Admitted(meter, statement, body)

    def _check_claims(self, meter: str, statement: cose.Statement) -> None:
        if statement.issuer != self._site:
            raise Refused(Refusal.WRONG_SITE, f"it is of site {statement.issuer}", meter)
        if statement.subject != meter:
            raise Refused(Refusal.WRONG_METER, f"it is of meter {statement.subject}", meter)

    def _check_signature(self, meter: str, statement: cose.Statement) -> None:
        owner = self._state.keys.get(statement.kid)
        if owner is None:
            raise Refused(Refusal.UNKNOWN_KEY, f"key {statement.kid.hex()} is not enrolled", meter)
        if owner != meter:
            raise Refused(Refusal.WRONG_METER, f"the key is of meter {owner}", meter)
        if not self._verifier.holds(statement, self._state.meters[owner].public):
            raise Refused(Refusal.BAD_SIGNATURE, "the signature does not hold", meter)


def _parse(meter: str, payload: bytes) -> cose.Statement:
    try:
        statement = cose.parse(payload, certificate.MAX_SIZE)
    except cose.HighS as error:
        raise Refused(Refusal.HIGH_S, str(error), meter) from None
    except cose.StuffedHeader as error:
        raise Refused(Refusal.STUFFED_HEADER, str(error), meter) from None
    except WireError as error:
        raise Refused(Refusal.NOISE, str(error), meter) from None
    if statement.type != certificate.TYPE:
        raise Refused(Refusal.NOISE, f"a statement of type {statement.type} is no certificate", meter)
    return statement


def _body(meter: str, statement: cose.Statement) -> Certificate:
    try:
        return certificate.decode(statement.payload)
    except WireError as error:
        raise Refused(Refusal.MALFORMED_BODY, str(error), meter) from None
