"""Virtual meters and a shadow centre's key, for tests: real keys, real certificates, no time but what is passed in."""

from cryptography.hazmat.primitives.asymmetric import ec

from blockchain_iface.ledger import Ledger
from blockchain_iface.signatures import KeySigner
from blockchain_iface.state.entries import Enrolment, Genesis, Recharge
from blockchain_iface.state.records import Tariff
from firmware.wire import certificate, clock, cose, enrolment, event
from firmware.wire.certificate import Certificate
from firmware.wire.p256 import N

SITE = "isle"
INTERVAL = 10
T0 = 1_800_000_000
TARIFF = Tariff(
    bands=((0, 200_000),),
    feed_in=50_000,
    price_min=80_000,
    price_max=300_000,
    grid_price=350_000,
    mu_min_ppm=700_000,
    mu_max_ppm=1_300_000,
    margin_ppm=1_200_000,
    loss_ppm=0,
    payout_at=0,
    payout_keep=0,
)


def signer(number: int) -> KeySigner:
    """The same key for the same number (> 0)."""
    return KeySigner(ec.derive_private_key(number, ec.SECP256R1()))


CENTRE = signer(1_000_003)


class CarelessSigner(KeySigner):
    """Signs everything with the nonce ``nonce``: what a broken random generator does."""

    def __init__(self, number: int, nonce: int = 5) -> None:
        super().__init__(ec.derive_private_key(number, ec.SECP256R1()))
        self._secret, self._nonce = number, nonce

    def sign(self, digest: bytes) -> bytes:
        r = ec.derive_private_key(self._nonce, ec.SECP256R1()).public_key().public_numbers().x % N
        s = pow(self._nonce, -1, N) * (int.from_bytes(digest, "big") + r * self._secret) % N
        return r.to_bytes(32, "big") + min(s, N - s).to_bytes(32, "big")


class VirtualMeter:
    """Issues certificates of one row each, and events, chained as the firmware chains them."""

    def __init__(self, meter: str, number: int, t0: int = T0, interval: int = INTERVAL, site: str = SITE) -> None:
        self.site = site
        self.meter = meter
        self.signer = signer(number)
        self.request = enrolment.request(self.signer, site, meter)
        self.seq = 0
        self.prev: bytes | None = None
        self.registers = (1000, 2000)
        self.t = t0
        self.interval = interval
        self.number = 0
        self.prev_event: bytes | None = None

    def record(self, kind: int = event.BOOT, **changes: object) -> bytes:
        """The next event. ``changes`` are to its fields."""
        fields = {
            "number": self.number + 1,
            "boot": 1,
            "prev": self.prev_event,
            "clock": clock.ClockQuality(clock.HOST, 100, 0),
            "time_ms": T0 * 1000,
            "uptime_ms": 1000 * self.number,
            "kind": kind,
            "details": {1: "power-on", 2: 0},
        }
        data = event.issue(self.signer, self.site, self.meter, event.Event(**{**fields, **changes}))  # type: ignore[arg-type]
        self.number += 1
        self.prev_event = cose.parse(data).id
        return data

    def certify(self, imported: int, exported: int, intervals: int = 1, **changes: object) -> bytes:
        """The next certificate: ``imported`` and ``exported`` Wh over ``intervals``. ``changes`` are to its fields."""
        status = certificate.CATCH_UP if intervals > 1 else 0
        closing = (self.registers[0] + imported, self.registers[1] + exported)
        fields = {
            "seq": self.seq + 1,
            "boot": 1,
            "prev": self.prev,
            "clock": clock.ClockQuality(clock.HOST, 100, 0),
            "t0": self.t,
            "dt": self.interval * intervals,
            "opening": self.registers,
            "rows": [(imported, exported, 0, 2300, 0, None, status)],
            "closing": closing,
            "status": status,
        }
        data = certificate.issue(self.signer, self.site, self.meter, Certificate(**{**fields, **changes}))  # type: ignore[arg-type]
        self.seq += 1
        self.prev = cose.parse(data).id
        self.registers = closing
        self.t += self.interval * intervals
        return data


def signed(entry: object, subject: str = "market") -> bytes:
    """An entry's statement, signed by the shadow centre."""
    return cose.sign(CENTRE, SITE, subject, entry.TYPE, entry.encode())  # type: ignore[attr-defined]


def genesis(tariff: Tariff = TARIFF) -> bytes:
    """The first entry."""
    return signed(Genesis(CENTRE.public, INTERVAL, tariff), SITE)


def enrolment_of(meter: VirtualMeter, role: str = "load") -> bytes:
    """The entry that puts a meter's key on the ledger."""
    return signed(Enrolment(role, meter.request), meter.meter)


def enrol(ledger: Ledger, meter: VirtualMeter, role: str = "load") -> None:
    """Put a meter's key on the ledger."""
    ledger.submit([enrolment_of(meter, role)], T0)


def recharge_of(account: str, amount: int, reference: str) -> bytes:
    """The entry that brings tokens into an account."""
    return signed(Recharge(account, amount, reference))


def recharge(ledger: Ledger, account: str, amount: int, reference: str) -> None:
    """Bring tokens into an account."""
    ledger.submit([recharge_of(account, amount, reference)], T0)
