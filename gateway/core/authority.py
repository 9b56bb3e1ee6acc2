"""The site's own certificate authority (X.509, RFC 5280): whom the broker lets in. What a meter may certify is on the ledger.

    authority   CN "skerry SITE", signs certificates and the list of revoked ones     20 years
    server      the broker, the web server: their names and addresses, serverAuth     2 years, renewed by the gateway
    client      CN = meter id (or the gateway's), clientAuth and nothing else         5 years, renewed by enrolling again

All keys are on P-256. Time is an argument; keys and serial numbers come from the operating system's generator.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

GATEWAY, BROKER, WEB, READER = "gateway", "broker", "web", "reader"
"""Names in certificates that no meter may have."""
OWN_LIFE = timedelta(days=2 * 365)
CLIENT_LIFE = timedelta(days=5 * 365)
CRL_LIFE = timedelta(days=90)
_AUTHORITY_LIFE = timedelta(days=20 * 365)
_BEHIND = timedelta(days=1)  # the broker's clock may be as far behind the gateway's
_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # for clocks that are not set yet: a meter's, which is told the time, and a broker's


class Authority:
    """The key that signs, and the certificate that everybody checks by."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate

    @classmethod
    def new(cls, site: str, now: datetime) -> "Authority":
        """A new key, vouched for by itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _named(f"skerry {site}")
        builder = _builder(name, key.public_key(), name, key.public_key(), _EVER, now + _AUTHORITY_LIFE)
        builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
        return cls(key, builder.add_extension(_usage(signs_certificates=True), True).sign(key, hashes.SHA256()))

    @classmethod
    def load(cls, pem: bytes) -> "Authority":
        """The authority that ``pem`` once gave. ValueError if it is damaged."""
        key, certificate = load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError("key and certificate do not belong together")
        return cls(key, certificate)

    def pem(self) -> bytes:
        """Key and certificate. A secret."""
        return _secret(self._key) + self.certificate.public_bytes(Encoding.PEM)

    def client(self, name: str, key: ec.EllipticCurvePublicKey, now: datetime) -> x509.Certificate:
        """Lets the holder of ``key`` in as ``name``."""
        return self._issue(name, key, ExtendedKeyUsageOID.CLIENT_AUTH, (), _EVER, now + CLIENT_LIFE)

    def own_client(self, name: str, now: datetime) -> bytes:
        """A new key and its client certificate, in PEM. A secret."""
        return self._own(name, ExtendedKeyUsageOID.CLIENT_AUTH, (), _EVER, now + OWN_LIFE)

    def own_server(self, name: str, addresses: Sequence[str], now: datetime, for_browsers: bool = False) -> bytes:
        """As ``own_client``, for a server that is reached by ``addresses``: DNS names or IP addresses.

        Meters need a certificate that was always valid; some browsers take none of more than 825 days.
        """
        begin = now - _BEHIND if for_browsers else _EVER
        return self._own(name, ExtendedKeyUsageOID.SERVER_AUTH, addresses, begin, now + OWN_LIFE)

    def crl(self, revoked: Iterable[x509.RevokedCertificate], number: int, now: datetime) -> x509.CertificateRevocationList:
        """The list of those who are no longer let in, the ``number``-th (RFC 5280, section 5)."""
        builder = x509.CertificateRevocationListBuilder(self.certificate.subject, now - _BEHIND, now + CRL_LIFE)
        for line in revoked:
            builder = builder.add_revoked_certificate(line)
        builder = builder.add_extension(x509.CRLNumber(number), False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        return builder.sign(self._key, hashes.SHA256())

    def _own(self, name: str, purpose: ObjectIdentifier, addresses: Sequence[str], begin: datetime, end: datetime) -> bytes:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._issue(name, key.public_key(), purpose, addresses, begin, end)
        return _secret(key) + certificate.public_bytes(Encoding.PEM)

    def _issue(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        purpose: ObjectIdentifier,
        addresses: Sequence[str],
        begin: datetime,
        end: datetime,
    ) -> x509.Certificate:
        builder = _builder(_named(name), key, self.certificate.subject, self._key.public_key(), begin, end)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(_usage(signs_certificates=False), True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), True)
        if addresses:
            builder = builder.add_extension(x509.SubjectAlternativeName(general_names(addresses)), False)
        return builder.sign(self._key, hashes.SHA256())


def general_names(addresses: Iterable[str]) -> list[x509.GeneralName]:
    """DNS names and IP addresses, as a certificate has them. ValueError if one is neither."""
    return [_general_name(each) for each in addresses]


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def serves(certificate: x509.Certificate, addresses: Iterable[str], now: datetime) -> bool:
    """Whether a certificate of ours is for these addresses, and in the first half of its life: else it is to be renewed."""
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        named = x509.SubjectAlternativeName([])
    fresh = not worn(certificate.not_valid_after_utc, OWN_LIFE, now)
    return fresh and list(named) == general_names(addresses)


def revoked(certificate: x509.Certificate, now: datetime) -> x509.RevokedCertificate:
    """The line by which a CRL takes ``certificate`` back."""
    return x509.RevokedCertificateBuilder(certificate.serial_number, now).build()


def worn(end: datetime, life: timedelta, now: datetime) -> bool:
    """True when less than half of a ``life`` is left, or more than a whole one: the clock was ahead once."""
    return not life / 2 < end - now <= life


def _builder(
    name: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePublicKey,
    begin: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, name, key, x509.random_serial_number(), begin, end)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
    return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False)


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
