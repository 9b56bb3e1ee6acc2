"""What an entry brought about, for the gateway's log: one small record a kind."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Begun:
    """A site has its genesis."""

    site: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A meter's key may certify."""

    meter: str
    role: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """A meter's key signs nothing more from certificate ``seq`` on."""

    meter: str
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rotated:
    """A meter signs with the key ``kid`` from certificate ``seq`` on."""

    meter: str
    kid: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class Exchanged:
    """At a metering point another meter goes on."""

    point: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate was taken in. ``seen`` is the newest head that its meter had seen: tree size and root."""

    meter: str
    seq: int
    seen: tuple[int, bytes] | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A meter's event was taken in; ``kind`` as in firmware.wire.event."""

    meter: str
    number: int
    kind: int


@dataclass(frozen=True, slots=True)
class Commanded:
    """A command to a meter is on record, under the statement's id; ``kind`` as in firmware.wire.command."""

    meter: str
    id: bytes
    kind: int


@dataclass(frozen=True, slots=True)
class Acted:
    """Somebody ordered something of the gateway; see entries.Action."""

    actor: str
    verb: str
    subject: str
    reference: str


@dataclass(frozen=True, slots=True)
class Recharged:
    """Micro-tokens came into circulation."""

    account: str
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """Micro-tokens went out of circulation."""

    account: str
    amount: int
    reference: str


@dataclass(frozen=True, slots=True)
class Priced:
    """An interval has its price, in micro-tokens per kWh, and mu, in millionths."""

    t0: int
    price: int
    mu_ppm: int


@dataclass(frozen=True, slots=True)
class Traded:
    """An interval has its trades: ``wh`` in sum."""

    t0: int
    wh: int


@dataclass(frozen=True, slots=True)
class Settled:
    """An interval was settled, or trued up if ``revision`` is above 0; ``scheduled`` meters were silent.

    ``energy_wh`` is all that was taken and given; ``unexplained_wh`` is None unless the feeders and all meters are certified.
    """

    t0: int
    revision: int
    energy_wh: int
    traded_wh: int
    scheduled: int
    unexplained_wh: int | None


@dataclass(frozen=True, slots=True)
class CloneFound:
    """A second statement under a number that is taken: ``kind`` is receipt.CERTIFICATE or receipt.EVENT."""

    meter: str
    kind: int
    number: int


@dataclass(frozen=True, slots=True)
class KeyLeaked:
    """A meter's key ``kid`` has signed twice with one nonce."""

    meter: str
    kid: bytes


@dataclass(frozen=True, slots=True)
class Readmitted:
    """What a metering point's quarantine has held back is settled."""

    point: str
    reason: str


@dataclass(frozen=True, slots=True)
class Commissioned:
    """What a technician saw of a meter is on record."""

    meter: str
    technician: str


@dataclass(frozen=True, slots=True)
class Sighted:
    """A meter saw another history, of ``size`` entries; ``own`` is what the operator says: tree size and root."""

    meter: str
    size: int
    own: tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Vouched:
    """Another gateway vouched for a head of this ledger: ``size`` entries under ``root``."""

    witness: str
    size: int
    root: bytes


Registered = Begun | Enrolled | Commissioned | Revoked | Rotated | Exchanged
Alarmed = CloneFound | KeyLeaked | Readmitted | Sighted | Vouched
Happening = Registered | Alarmed | Certified | Recorded | Commanded | Acted | Recharged | Recovered | Priced | Traded | Settled
