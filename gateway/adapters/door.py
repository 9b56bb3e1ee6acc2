"""The files of the broker's door and the web server's: the authority, what it has issued, the list of what it has taken back.

authority.pem   its key and certificate            broker.pem   the broker's key and certificate
ca.pem          its certificate alone              link.pem     the gateway's own, as a client of the broker
crl.pem         who is no longer let in            issued/      METER/SERIAL.pem, every client certificate
web.pem         the web server's key and certificate, where it listens beyond loopback
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ..core import authority
from ..core.authority import BROKER, CRL_LIFE, GATEWAY, READER, WEB, Authority
from . import files
from .keystore import KeyFileError

NOTICE_S = 60 * 86_400
"""From when on people are told that a meter's certificate ends."""
T = TypeVar("T")


class DoorKeyTaken(Exception):
    """Another meter has a certificate for this TLS key: a flash was copied. The message says what to do."""


class Door:
    """Who is let in by the broker of one site. Times are Unix seconds."""

    def __init__(self, directory: Path) -> None:
        """``directory`` is the owner's alone."""
        self._directory = directory
        names = ("ca", "broker", "link", "crl", "web")
        self.ca, self.broker, self.link, self.crl, self.web = (directory / f"{name}.pem" for name in names)
        self._secret = directory / "authority.pem"
        self._issued = directory / "issued"

    def create(self, site: str, now: int) -> None:
        """Make the authority, unless there is one already."""
        if not self._secret.exists():
            new = Authority.new(site, _when(now))
            files.write_secret(self.ca, new.certificate.public_bytes(Encoding.PEM))
            self._write_crl(new, [], 1, now)
            # last: with it, the others are there
            files.write_secret(self._secret, new.pem())

    def renew(self, addresses: Sequence[str], now: int) -> None:
        """Renew what has lived half its life, and the broker's certificate if it is for other ``addresses``. KeyFileError."""
        ours = self._authority()
        when = _when(now)
        current = self._read_crl()
        assert current.next_update_utc is not None  # we always write it
        if authority.worn(current.next_update_utc, CRL_LIFE, when):
            self._write_crl(ours, list(current), _number(current) + 1, now)
        if not self._lasts(self.link, (), when):
            files.write_secret(self.link, ours.own_client(GATEWAY, when))
        if not self._lasts(self.broker, addresses, when):
            files.write_secret(self.broker, ours.own_server(BROKER, addresses, when))

    def renew_web(self, addresses: Sequence[str], now: int) -> None:
        """Renew the web server's certificate likewise. KeyFileError."""
        if not self._lasts(self.web, addresses, _when(now)):
            files.write_secret(self.web, self._authority().own_server(WEB, addresses, _when(now), for_browsers=True))

    def check(self, meter: str, key: ec.EllipticCurvePublicKey) -> None:
        """DoorKeyTaken if ``key`` is another meter's than ``meter``'s."""
        for path in self._issued.glob("*/*.pem"):
            if path.parent.name != meter and _certificate(path).public_key() == key:
                raise DoorKeyTaken(
                    f"the csr's key is that of {path.parent.name}: one flash was copied to the other, erase it and begin again"
                )

    def issue(self, meter: str, key: ec.EllipticCurvePublicKey, now: int) -> str:
        """A client certificate for ``meter``, in PEM. KeyFileError."""
        certificate = self._authority().client(meter, key, _when(now))
        pem = certificate.public_bytes(Encoding.PEM)
        (self._issued / meter).mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_secret(self._issued / meter / f"{certificate.serial_number:x}.pem", pem)
        return pem.decode()

    def issue_reader(self, now: int) -> tuple[bytes, bytes]:
        """A key and its client certificate for the reader, in PEM; the first is a secret. KeyFileError."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.issue(READER, key.public_key(), now)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), certificate.encode()

    def revoke(self, meter: str, now: int) -> int:
        """Take back all certificates of ``meter``; how many had not been taken back before. KeyFileError."""
        current = self._read_crl()
        known = {line.serial_number for line in current}
        certificates = [_certificate(path) for path in sorted(self._issued.glob(f"{meter}/*.pem"))]
        news = [authority.revoked(one, _when(now)) for one in certificates if one.serial_number not in known]
        if news:
            self._write_crl(self._authority(), [*current, *news], _number(current) + 1, now)
        return len(news)

    def ending(self, now: int) -> dict[str, int]:
        """Days left to the meters whose newest certificate ends within NOTICE_S, revoked ones aside. KeyFileError."""
        revoked = {line.serial_number for line in self._read_crl()}
        ends: dict[str, int] = {}
        for path in self._issued.glob("*/*.pem"):
            one = _certificate(path)
            if one.serial_number not in revoked:
                end = int(one.not_valid_after_utc.timestamp())
                ends[path.parent.name] = max(end, ends.get(path.parent.name, end))
        return {meter: (end - now) // 86_400 for meter, end in sorted(ends.items()) if end - now < NOTICE_S}

    def version(self) -> tuple[object, ...]:
        """Differs when the broker must read its files again."""
        return tuple(map(files.version, (self.ca, self.broker, self.crl)))

    def _lasts(self, path: Path, addresses: Sequence[str], now: datetime) -> bool:
        return path.exists() and authority.serves(_certificate(path), addresses, now)

    def _authority(self) -> Authority:
        return _loaded(self._secret, Authority.load)

    def _read_crl(self) -> x509.CertificateRevocationList:
        return _loaded(self.crl, x509.load_pem_x509_crl)

    def _write_crl(self, ours: Authority, lines: list[x509.RevokedCertificate], number: int, now: int) -> None:
        files.write_secret(self.crl, ours.crl(lines, number, _when(now)).public_bytes(Encoding.PEM))


def _certificate(path: Path) -> x509.Certificate:
    return _loaded(path, x509.load_pem_x509_certificate)


def _loaded(path: Path, read: Callable[[bytes], T]) -> T:
    try:
        return read(path.read_bytes())
    except FileNotFoundError:
        raise KeyFileError(f"{path} is missing: restore it from your backup; without it nobody knows who may come in") from None
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path} is damaged ({error}): restore it from your backup") from None


def _number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _when(now: int) -> datetime:
    return datetime.fromtimestamp(now, UTC)
