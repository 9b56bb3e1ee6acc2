"""A big and lifelike ledger file, for benchmarks: ten households, mills and a battery trade for as long as it takes.

python -m tools.big_ledger FILE ENTRIES
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.signatures import KeySigner
from blockchain_iface.state import proposals
from blockchain_iface.state.entries import Enrolment, Genesis, Recharge
from blockchain_iface.state.records import Tariff
from blockchain_iface.state.state import GRID, SUBSIDY
from firmware.wire import certificate, clock, cose, enrolment
from tools.bench_state import Believer

SITE, START, INTERVAL, ROWS = "isle", 1_800_000_000, 900, 3
TOKEN = 1_000_000
TARIFF = Tariff(((0, 200_000),), 50_000, 80_000, 300_000, 350_000, 700_000, 1_300_000, 1_200_000, 0, 0, 0)
ROLES = {"wind": 3, "house": 2, "storage": 1, "load": 4, "feeder": 1}
_BASE = {"wind": (0, 900), "house": (250, 150), "storage": (120, 130), "load": (400, 0), "feeder": (300, 60)}


class Meter:
    """A meter that certifies one interval after the other."""

    def __init__(self, meter: str, role: str, secret: int) -> None:
        self.meter, self.role = meter, role
        self.signer = KeySigner(ec.derive_private_key(secret, ec.SECP256R1()))
        self._seq, self._registers = 0, (123_456_789, 23_456_789)
        self._prev: bytes | None = None

    def request(self) -> bytes:
        """Its enrolment request."""
        return enrolment.request(self.signer, SITE, self.meter)

    def certify(self, t0: int, chance: random.Random, seen: tuple[int, bytes] | None) -> bytes:
        """The certificate of the interval at ``t0``."""
        rows: list[tuple[int, int, int, int | None, int | None, int | None, int]] = []
        for _ in range(ROWS):
            imported, exported = (chance.randint(most // 2, most) // ROWS for most in _BASE[self.role])
            rows.append((imported, exported, (imported - exported) * 12, chance.randint(2250, 2350), -12, None, 0))
        opening = self._registers
        self._registers = opening[0] + sum(row[0] for row in rows), opening[1] + sum(row[1] for row in rows)
        quality = clock.ClockQuality(clock.HOST, 100, 0)
        self._seq += 1
        dt = INTERVAL // ROWS
        body = certificate.Certificate(self._seq, 1, self._prev, quality, t0, dt, opening, rows, self._registers, 0, seen)
        data = certificate.issue(self.signer, SITE, self.meter, body)
        self._prev = cose.parse(data).id
        return data


def centre() -> KeySigner:
    """The shadow centre's key."""
    return KeySigner(ec.derive_private_key(1_000_003, ec.SECP256R1()))


def build(path: Path, entries: int, seed: int = 1) -> None:
    """A ledger of at least ``entries`` entries at ``path``: the same for the same seed."""
    key, chance = centre(), random.Random(seed)  # noqa: S311 - no secret
    ledger = EmbeddedLedger(path, key, SITE, Believer())
    names = [(role, number) for role, count in ROLES.items() for number in range(1, count + 1)]
    meters = [Meter(f"{role}-{number}", role, place) for place, (role, number) in enumerate(names, 11)]
    ledger.submit([cose.sign(key, SITE, *entry) for entry in _beginning(key, meters)], START)
    t0, size, seen = START, 0, None
    while size < entries:
        now = t0 + INTERVAL
        ledger.submit([meter.certify(t0, chance, seen) for meter in meters], now)
        while proposal := proposals.due(ledger.state, now, 3 * INTERVAL):
            ledger.submit([cose.sign(key, SITE, *entry) for entry in proposal.entries], now)
        head = ledger.head()
        assert head is not None
        t0, size, seen = now, head.size, (head.size, head.root)
    ledger.close()


def _beginning(key: KeySigner, meters: list[Meter]) -> Iterator[tuple[str, str, bytes]]:
    yield SITE, Genesis.TYPE, Genesis(key.public, INTERVAL, TARIFF).encode()
    for meter in meters:
        yield meter.meter, Enrolment.TYPE, Enrolment(meter.role, meter.request()).encode()
    for account in (*(meter.meter for meter in meters if meter.role != "feeder"), GRID, SUBSIDY):
        amount = 1_000_000_000 * TOKEN
        yield "orders", Recharge.TYPE, Recharge(account, amount, f"first-{account.removeprefix('@')}").encode()


if __name__ == "__main__":
    build(Path(sys.argv[1]), int(sys.argv[2]))
