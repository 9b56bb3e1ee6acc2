"""The bodies by which the shadow centre keeps its register of meters and keys.

    enrolment  = {1: role, 2: the meter's request}
    revocation = {1: meter, 2: first certificate, 3: first event that its key no longer signs, 4: reason}
    exchange   = {1: the old meter, 2: the new meter's request, 3: number of the old one's last certificate,
                  4: [import Wh, export Wh] that the old one shows, 5: the same of the new one, 6: Unix s of the exchange}
    alarm      = {1: kind (1 = clone), 2: meter, 3: number, 4: id of the statement on the ledger, 5: the other statement,
                  6: kind of statement (0 = certificate, 1 = event)}
    leak       = {1: a statement of a meter, 2: another one under the same nonce}
    readmission = {1: metering point, 2: number of its quarantine, 3: reason}

A meter changes its own key: see firmware.wire.rotation.
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import cbor, receipt
from firmware.wire.clock import EARLIEST_S, LATEST_S
from firmware.wire.fields import WireError, bytes_of, list_of, map_of, uint_of
from firmware.wire.topics import is_id

from .parts import WH, text_of

CLONE = 1
ROLES = ("wind", "house", "storage", "load", "feeder")
_NUMBER = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Authorises the key in ``request`` (the meter's own statement) to certify in ``role``."""

    TYPE: ClassVar[str] = "vnd.skerry.enrolment"
    role: str
    request: bytes

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.role, 2: self.request})

    @classmethod
    def decode(cls, payload: bytes) -> "Enrolment":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "enrolment", (1, 2))
        role, request = body[1], body[2]
        if not isinstance(role, str) or role not in ROLES or not isinstance(request, bytes):
            raise WireError(f"enrolment: the role is one of {', '.join(ROLES)}, the request a byte string")
        return cls(role, request)


@dataclass(frozen=True, slots=True)
class Revocation:
    """The meter's key signs nothing more from certificate ``certificate`` and event ``event`` on; what is older stays valid."""

    TYPE: ClassVar[str] = "vnd.skerry.revocation"
    meter: str
    certificate: int
    event: int
    reason: str

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.meter, 2: self.certificate, 3: self.event, 4: self.reason})

    @classmethod
    def decode(cls, payload: bytes) -> "Revocation":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "revocation", (1, 2, 3, 4))
        first, event = uint_of(body[2], "first certificate", 1, _NUMBER), uint_of(body[3], "first event", 1, _NUMBER)
        return cls(_meter(body[1]), first, event, text_of(body[4], "reason"))


@dataclass(frozen=True, slots=True)
class Exchange:
    """Another meter takes over the account of meter ``old``, both registers read (Wh) at Unix second ``time``."""

    TYPE: ClassVar[str] = "vnd.skerry.exchange"
    old: str
    request: bytes
    last: int
    closing: tuple[int, int]
    opening: tuple[int, int]
    time: int

    def encode(self) -> bytes:
        """The payload."""
        registers = {4: list(self.closing), 5: list(self.opening)}
        return cbor.encode({1: self.old, 2: self.request, 3: self.last, **registers, 6: self.time})

    @classmethod
    def decode(cls, payload: bytes) -> "Exchange":
        """From a payload."""
        body = map_of(cbor.decode(payload, 3), "exchange", (1, 2, 3, 4, 5, 6))
        request = body[2]
        if not isinstance(request, bytes):
            raise WireError("exchange: the request is a byte string")
        last, time = uint_of(body[3], "last certificate", 1, _NUMBER), uint_of(body[6], "time", EARLIEST_S, LATEST_S)
        return cls(_meter(body[1]), request, last, _registers(body[4], "closing"), _registers(body[5], "opening"), time)


@dataclass(frozen=True, slots=True)
class Alarm:
    """Evidence: ``other`` is a second certificate or event (``kind``) with the number of the one whose id is ``first``."""

    TYPE: ClassVar[str] = "vnd.skerry.alarm"
    kind: int
    meter: str
    number: int
    first: bytes
    other: bytes

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: CLONE, 2: self.meter, 3: self.number, 4: self.first, 5: self.other, 6: self.kind})

    @classmethod
    def decode(cls, payload: bytes) -> "Alarm":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "alarm", (1, 2, 3, 4, 5, 6))
        uint_of(body[1], "alarm kind", CLONE, CLONE)
        if not isinstance(body[5], bytes):
            raise WireError("alarm: the evidence is a byte string")
        kind, number = uint_of(body[6], "kind", receipt.CERTIFICATE, receipt.EVENT), uint_of(body[3], "number", 1)
        return cls(kind, _meter(body[2]), number, bytes_of(body[4], "first id", 32), body[5])


@dataclass(frozen=True, slots=True)
class Leak:
    """Evidence: one key has signed ``first`` and ``other`` with one nonce, so anybody can work the key out.

    Two equations (FIPS 186-5, section 6.4.1, step 11) with the same k give k, and k gives the key.
    """

    TYPE: ClassVar[str] = "vnd.skerry.leak"
    first: bytes
    other: bytes

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.first, 2: self.other})

    @classmethod
    def decode(cls, payload: bytes) -> "Leak":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "leak", (1, 2))
        first, other = body[1], body[2]
        if not isinstance(first, bytes) or not isinstance(other, bytes):
            raise WireError("leak: the evidence is two byte strings")
        return cls(first, other)


@dataclass(frozen=True, slots=True)
class Readmission:
    """Ends the ``number``-th quarantine of metering point ``point``: its certificates stand, and are settled."""

    TYPE: ClassVar[str] = "vnd.skerry.readmission"
    point: str
    number: int
    reason: str

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.point, 2: self.number, 3: self.reason})

    @classmethod
    def decode(cls, payload: bytes) -> "Readmission":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "readmission", (1, 2, 3))
        return cls(_meter(body[1]), uint_of(body[2], "quarantine", 1, _NUMBER), text_of(body[3], "reason"))


def _meter(value: object) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise WireError("a meter's id is 1 to 32 of [a-z0-9-]")
    return value


def _registers(value: object, name: str) -> tuple[int, int]:
    imported, exported = list_of(value, name, 2, 2)
    return uint_of(imported, name, 0, WH), uint_of(exported, name, 0, WH)
