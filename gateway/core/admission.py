"""Whether a message is a statement of one of our meters. No I/O; the ledger is asked to take what is admitted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from blockchain_iface.signatures import Signature, Verifier
from blockchain_iface.state.state import State
from firmware.wire import certificate, cose, event, receipt, rotation
from firmware.wire.fields import WireError

from .hygiene import Sign
from .refusal import Refusal, Refused

TOLERANCE_S = 30
"""How far two honest clocks may be apart, beyond the uncertainty that the meter itself admits."""
LONGEST_UNCERTAINTY_S = 600
"""A meter that is less sure of the time than this is not believed further."""
_FORMS = {
    receipt.CERTIFICATE: (certificate.TYPE, certificate.MAX_SIZE),
    receipt.EVENT: (event.TYPE, event.MAX_SIZE),
    receipt.ROTATION: (rotation.TYPE, rotation.MAX_SIZE),
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement of an enrolled key, well formed; whether the holder of ``public`` (64 bytes) signed it is not known yet."""

    meter: str
    statement: cose.Statement
    kind: int
    public: bytes

    @property
    def signature(self) -> Signature:
        """What has to hold."""
        return self.statement.id, self.statement.signature, self.public


@dataclass(frozen=True, slots=True)
class Admitted:
    """A statement that its meter did sign: ``number`` among those of its ``kind``, one of wire.receipt's."""

    meter: str
    statement: cose.Statement
    kind: int
    number: int
    sign: Sign | None = None
    """None of a rotation, which does not say."""
    seen: tuple[int, bytes] | None = None
    """The newest head that a certificate's meter had a receipt for: tree size and root."""


class Admission:
    """The gate. It reads the ledger's state, and keeps nothing but what the verifier remembers."""

    def __init__(self, site: str, state: State, verifier: Verifier) -> None:
        self._site = site
        self._state = state
        self._verifier = verifier

    def read(self, meter: str, payload: bytes, kind: int) -> Claim:
        """What ``meter``'s topic for ``kind`` brought, up to the signature. Refused with the first reason found."""
        statement = self._parse(meter, payload, *_FORMS[kind])
        if statement.issuer != self._site:
            raise Refused(Refusal.WRONG_SITE, f"it is of site {statement.issuer}", meter)
        if statement.subject != meter:
            raise Refused(Refusal.WRONG_METER, f"it is of meter {statement.subject}", meter)
        key = self._state.keys.get(statement.kid)
        if key is None:
            raise Refused(Refusal.UNKNOWN_KEY, f"key {statement.kid.hex()} is not enrolled", meter)
        if key.meter != meter:
            raise Refused(Refusal.WRONG_METER, f"the key is of meter {key.meter}", meter)
        return Claim(meter, statement, kind, key.public)

    def admit(self, claim: Claim, holds: bool, now: int) -> Admitted:
        """``claim`` at Unix second ``now``, if its signature ``holds``. Refused with the first reason found."""
        meter, statement = claim.meter, claim.statement
        if not holds:
            raise Refused(Refusal.BAD_SIGNATURE, "the signature does not hold", meter)
        if claim.kind == receipt.EVENT:
            happened = self._body(meter, statement, event.decode)
            if happened.time_ms is not None:
                _check_time(meter, happened.time_ms // 1000, happened.clock.uncertainty_ms, now)
            return Admitted(meter, statement, claim.kind, happened.number, Sign(happened.boot))
        if claim.kind == receipt.ROTATION:
            return Admitted(meter, statement, claim.kind, self._body(meter, statement, rotation.decode).certificate)
        body = self._body(meter, statement, certificate.decode)
        _check_time(meter, body.end, body.clock.uncertainty_ms, now)
        return Admitted(meter, statement, claim.kind, body.seq, Sign(body.boot, body.end), body.seen)

    def _parse(self, meter: str, payload: bytes, type: str, max_size: int) -> cose.Statement:
        try:
            statement = self._verifier.parse(payload, max_size)
        except cose.HighS as error:
            raise Refused(Refusal.HIGH_S, str(error), meter) from None
        except cose.StuffedHeader as error:
            raise Refused(Refusal.STUFFED_HEADER, str(error), meter) from None
        except WireError as error:
            raise Refused(Refusal.NOISE, str(error), meter) from None
        if statement.type != type:
            raise Refused(Refusal.NOISE, f"a statement of type {statement.type} is no {type}", meter)
        return statement

    def _body(self, meter: str, statement: cose.Statement, decode: Callable[[bytes], T]) -> T:
        try:
            return self._verifier.body(statement, decode)
        except WireError as error:
            raise Refused(Refusal.MALFORMED_BODY, str(error), meter) from None


def _check_time(meter: str, end: int, uncertainty_ms: int, now: int) -> None:
    if end > now + TOLERANCE_S + min(uncertainty_ms // 1000, LONGEST_UNCERTAINTY_S):
        raise Refused(Refusal.FUTURE, f"it ends at {end}, now is {now}", meter)
