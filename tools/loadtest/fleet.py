"""A site with as many meters as one likes, enrolled and with their certificates ready. It exists for one load test only."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.signatures import KeySigner
from blockchain_iface.state.entries import Enrolment, Genesis
from firmware.wire import cose, enrolment
from gateway.adapters import keystore
from gateway.site import Site, now

from . import certificates

SITE = "load"
INTERVAL_S = 900
_DEADLINE_S = 86_400
"""Nobody is estimated during the test: an interval is settled once everybody has certified it."""
Progress = Callable[[str, int], None]
"""Called with a step's name, and how much more of it is done."""


@dataclass(frozen=True, slots=True)
class Meter:
    """An enrolled meter: its key for the broker's door, and its certificates in order."""

    name: str
    door: Path
    certificates: list[bytes]

    def context(self, ca: Path) -> ssl.SSLContext:
        """For its connection to the broker."""
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(self.door)
        return context


@dataclass(frozen=True, slots=True)
class Fleet:
    """The site, and its meters."""

    site: Site
    meters: list[Meter]


def commission(root: Path, meters: int, each: int, progress: Progress, reading_s: int = certificates.READING_S) -> Fleet:
    """Begin a site in ``root`` with ``meters`` meters that have ``each`` certificates to send; the newest ends now."""
    site = Site(root)
    site.create(SITE, INTERVAL_S, _DEADLINE_S)
    names = [f"meter-{number:04}" for number in range(1, meters + 1)]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    _enrol(site, names, [KeySigner(key) for key in keys])
    span = certificates.READINGS * reading_s
    begin = (now() // span - each) * span
    secrets = [key.private_numbers().private_value for key in keys]
    orders = [(SITE, name, secret, each, begin, reading_s) for name, secret in zip(names, secrets, strict=True)]
    fleet = []
    for name, chain in zip(names, certificates.chains(orders), strict=True):
        fleet.append(Meter(name, _open_door(site, name), chain))
        progress("certificates", each)
    return Fleet(site, fleet)


def _enrol(site: Site, names: list[str], signers: list[KeySigner]) -> None:
    """As the gateway does it, but in one block."""
    centre = keystore.load(site.keys)
    genesis = site.genesis(centre.public)
    entries = [cose.sign(centre, SITE, "ledger", Genesis.TYPE, genesis.encode())]
    for name, signer in zip(names, signers, strict=True):
        body = Enrolment("load", enrolment.request(signer, SITE, name))
        entries.append(cose.sign(centre, SITE, name, Enrolment.TYPE, body.encode()))
    ledger = EmbeddedLedger(site.ledger, centre, SITE)
    ledger.submit(entries, now())
    ledger.close()


def _open_door(site: Site, name: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = site.root / "meters" / f"{name}.pem"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(pem + site.door.issue(name, key.public_key(), now()).encode())
    return path
