"""A load test's course: as fast as it goes, then half of that, then half of that with an attacker among the meters."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from firmware.wire import receipt
from firmware.wire.fields import WireError
from gateway.adapters import keystore
from hil.bench.processes import Failed

from . import fleet
from .field import Attack, Field, Load, Trial, full, paced
from .fleet import SITE, Fleet, Progress
from .station import Station
from .subject import Cost, Subject

_WINDOW, _WIDEST = 4, 8000
"""Certificates on their way at full speed: of each meter, and of all, for the broker keeps 10,000."""
_MOST = 80
"""Certificates of one meter a second: with more it would count as an attacker itself."""
_PAYLOADS = 500


@dataclass(frozen=True, slots=True)
class Wishes:
    """``each``: certificates of a meter at full speed, half as many in the other phases; ``attack``: messages a second."""

    meters: int
    each: int
    attack: int

    def steps(self) -> dict[str, int]:
        """What is to be done, in order, and how much of it."""
        half = self.each // 2
        attacked = {"attacked": (self.meters - 1) * half} if self.attack else {}
        made = self.meters * (self.each + 2 * half)
        return {
            "certificates": made,
            "connections": self.meters,
            "full": self.meters * self.each,
            "half": self.meters * half,
            **attacked,
        }


@dataclass(frozen=True, slots=True)
class Phase:
    """One load and what became of it. Delays from sending to receipt in ms; processor time in microseconds a certificate."""

    name: str
    sent: int
    receipted: int
    seconds: float
    delays_ms: list[float]
    cost_us: Cost
    gateway_mb: float
    broker_mb: float
    hostile: int

    @property
    def rate(self) -> float:
        """Certificates receipted a second."""
        return self.receipted / self.seconds

    def delay_ms(self, share: float) -> float:
        """The delay that ``share`` (0..1) of the certificates stay within."""
        return self.delays_ms[min(int(share * len(self.delays_ms)), len(self.delays_ms) - 1)]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load test found: ``verifies`` are openssl's on one core a second, in the same run."""

    wishes: Wishes
    broker: str
    verifies: float
    phases: list[Phase]
    checked: int
    """Receipts that were looked into: the newest of each meter, all of which held."""


def run(wishes: Wishes, root: Path, progress: Progress) -> Outcome:
    """Begin a site in ``root``, run its gateway, load it. Failed if something does not work, or a certificate is lost."""
    verifies = openssl_verifies()
    steps = wishes.steps()
    ready = fleet.commission(root, wishes.meters, steps["certificates"] // wishes.meters, progress)
    subject = Subject(ready.site)
    try:
        field = Field(_connected(ready, subject, progress))
        phases = _phases(wishes, field, subject, progress)
        checked = _check(ready, field.stations)
        field.close()
    finally:
        subject.stop()
    return Outcome(wishes, subject.kind, verifies, phases, checked)


def openssl_verifies() -> float:
    """ECDSA verifications on P-256 a second on one core, by `openssl speed`. Failed if there is no openssl."""
    command = ("openssl", "speed", "-seconds", "2", "ecdsap256")
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return float(re.findall(r"[0-9.]+$", said.strip())[0])
    except (OSError, subprocess.CalledProcessError, IndexError) as error:
        raise Failed(f"{' '.join(command)}: {error}") from None


def _connected(ready: Fleet, subject: Subject, progress: Progress) -> list[Station]:
    stations = []
    for meter in ready.meters:
        stations.append(Station(meter, meter.context(ready.site.door.ca), subject.host, subject.port))
        progress("connections", 1)
    for station in stations:
        station.enter()
    return stations


def _phases(wishes: Wishes, field: Field, subject: Subject, progress: Progress) -> list[Phase]:
    half = wishes.each // 2

    def phase(name: str, load: Load, each: int, attack: Attack | None = None) -> Phase:
        before = subject.cost()
        trial = field.run(load, each, attack, lambda news: progress(name, news))
        return _phase(name, trial, subject.cost().since(before), subject.memory_mb())

    phases = [phase("full", full(min(_WINDOW * wishes.meters, _WIDEST), _MOST * wishes.meters), wishes.each)]
    rate = phases[0].rate / 2
    phases.append(phase("half", paced(rate), half))
    if wishes.attack:
        attacker = field.stations[-1]
        attack = Attack(attacker, wishes.attack, _forgeries(attacker.meter.certificates[-1]))
        phases.append(phase("attacked", paced(rate), half, attack))
    return phases


def _phase(name: str, trial: Trial, cost: Cost, memory: tuple[float, float]) -> Phase:
    if trial.receipted < trial.sent:
        raise Failed(f"{name}: {trial.sent - trial.receipted} of {trial.sent} certificates have no receipt")
    each = Cost(*(seconds * 1e6 / trial.receipted for seconds in cost))
    return Phase(
        name,
        trial.sent,
        trial.receipted,
        trial.seconds,
        sorted(1e3 * delay for delay in trial.delays),
        each,
        *memory,
        trial.hostile,
    )


def _forgeries(data: bytes) -> list[bytes]:
    """Well-formed certificates with signatures that do not hold: the dearest thing that an enrolled meter can send."""
    return [data[:-64] + b"\x01" + os.urandom(31) + data[-32:] for _ in range(_PAYLOADS)]


def _check(ready: Fleet, stations: list[Station]) -> int:
    """Check the newest receipt of each meter. Failed if one does not hold."""
    verifier = receipt.Verifier(SITE, keystore.load(ready.site.keys).public)
    checked = 0
    for station in stations:
        number, proof = station.last
        try:
            verifier.check(proof, station.meter.certificates[number - 1])
        except WireError as error:
            raise Failed(f"the receipt for certificate {number} of {station.meter.name} does not hold: {error}") from None
        checked += 1
    return checked
