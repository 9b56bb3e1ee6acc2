"""A real meter process over TLS: its own key, a certificate for it, and a broker that asks for one."""

import datetime
import getpass
import ipaddress
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from tests.contract.meter_bench import METER, Bench, Device, until

DAY = datetime.timedelta(days=1)


class Authority:
    """A test CA."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self._sign("test authority", self._key.public_key(), 1, True)

    def sign_request(self, request: str, days: int = 1) -> str:
        """The certificate that ``request`` asks for, which ends in so many days."""
        csr = x509.load_pem_x509_csr(request.encode())
        assert csr.is_signature_valid
        names = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return self._sign(str(names[0].value), csr.public_key(), days, False)

    def certify_broker(self, folder: Path, days: int = 1) -> None:
        """Put a key and its certificate for 127.0.0.1 into ``folder``."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (folder / "broker.key").write_bytes(pem)
        (folder / "broker.pem").write_text(self._sign("broker", key.public_key(), days, False))

    def _sign(self, name: str, key: CertificatePublicKeyTypes, days: int, authority: bool) -> str:
        now = datetime.datetime.now(datetime.UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = x509.CertificateBuilder(
            issuer_name=_named("test authority"),
            subject_name=_named(name),
            public_key=key,
            serial_number=x509.random_serial_number(),
        )
        builder = builder.not_valid_before(now - 9 * DAY).not_valid_after(now + days * DAY)
        builder = builder.add_extension(x509.BasicConstraints(authority, None), True)
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class TlsBench(Bench):
    """A bench whose broker asks meters for certificates, on a port of its own."""

    def __init__(self, folder: Path, bus: dict[str, str | int]) -> None:
        self.authority = Authority()
        self.files = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.tls_port = probe.getsockname()[1]
        (folder / "ca.pem").write_text(self.authority.pem)
        self.authority.certify_broker(folder)
        super().__init__(folder, bus)
        self.request: str = json.loads(self.identity().stdout)["csr"]

    def broker_settings(self) -> str:
        files = f"cafile {self.files}/ca.pem\ncertfile {self.files}/broker.pem\nkeyfile {self.files}/broker.key\n"
        # of the one who may read these files: started as root it would become somebody else
        rules = f"user {getpass.getuser()}\nrequire_certificate true\nuse_identity_as_username true\n"
        return super().broker_settings() + f"listener {self.tls_port} 127.0.0.1\n" + files + rules

    def configure(self, certificate: str, ca: str | None = None, port: int | None = None) -> None:
        document = json.loads(self.config.read_text())
        tls = {"ca": ca or self.authority.pem, "cert": certificate}
        document["mqtt"] = {"host": "127.0.0.1", "port": port or self.tls_port, "tls": tls}
        self.config.write_text(json.dumps(document))

    def broker_log(self) -> str:
        return (self.folder / "broker.log").read_text()

    def certificates(self) -> int:
        """How many the meter has issued since its start."""
        return self.log().count(" certificate ")


@pytest.fixture
def bench(tmp_path: Path, device: Device) -> Iterator[TlsBench]:
    bench = TlsBench(tmp_path, device.buses["tcp"])
    yield bench
    bench.close()


def goes_on_metering(bench: TlsBench) -> bool:
    before = bench.certificates()
    return until(lambda: bench.certificates() >= before + 2, within_s=4)


def test_the_meters_own_request_opens_the_door(bench: TlsBench) -> None:
    bench.configure(bench.authority.sign_request(bench.request))
    bench.start_meter()
    assert until(lambda: len(bench.received) >= 2 and bench.settled()), bench.log()
    # the account is the certificate's name, whatever the meter calls itself
    assert f"u'{METER}'" in bench.broker_log()


def test_the_key_for_it_is_made_once(bench: TlsBench) -> None:
    again = json.loads(bench.identity().stdout)
    assert again["csr"] == bench.request
    key = x509.load_pem_x509_csr(bench.request.encode()).public_key()
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert point.hex()[2:] != again["public"]


def test_a_broker_of_another_authority_is_refused(bench: TlsBench) -> None:
    bench.configure(bench.authority.sign_request(bench.request), ca=Authority().pem)
    bench.start_meter()
    assert until(lambda: "broker's certificate is refused" in bench.log()), bench.log()
    assert goes_on_metering(bench)


def test_a_broker_with_an_expired_certificate_is_refused(bench: TlsBench) -> None:
    bench.kill("broker")
    bench.authority.certify_broker(bench.files, days=-1)
    bench.start_broker()
    bench.configure(bench.authority.sign_request(bench.request))
    bench.start_meter()
    assert until(lambda: "validity has expired" in bench.log()), bench.log()
    assert goes_on_metering(bench)


def test_an_expired_certificate_opens_nothing(bench: TlsBench) -> None:
    bench.configure(bench.authority.sign_request(bench.request, days=-1))
    bench.start_meter()
    assert until(lambda: "broker refuses our certificate" in bench.log()), bench.log()
    assert goes_on_metering(bench)


def test_a_strangers_certificate_opens_nothing(bench: TlsBench) -> None:
    bench.configure(Authority().sign_request(bench.request))
    bench.start_meter()
    assert until(lambda: "broker refuses our certificate" in bench.log()), bench.log()
    assert goes_on_metering(bench)
    assert bench.received == {}


def test_a_certificate_for_another_key_opens_nothing(bench: TlsBench) -> None:
    bench.configure((bench.files / "broker.pem").read_text())
    bench.start_meter()
    assert until(lambda: "broker refuses our certificate" in bench.log()), bench.log()
    assert goes_on_metering(bench)


def test_without_a_certificate_the_door_stays_shut(bench: TlsBench) -> None:
    document = json.loads(bench.config.read_text())
    document["mqtt"]["port"] = bench.tls_port
    bench.config.write_text(json.dumps(document))
    bench.start_meter()
    assert until(lambda: "broker: " in bench.log()), bench.log()
    assert goes_on_metering(bench)
    assert "broker: connected" not in bench.log()


class Stalling:
    """Stands before the broker and passes on only the first ``count`` bytes of its answer to each connection."""

    def __init__(self, port: int, count: int) -> None:
        self._broker = port
        self.count: int | None = count
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                meter, _ = self._listener.accept()
                broker = socket.create_connection(("127.0.0.1", self._broker))
                self._sockets += [meter, broker]
                for source, sink, count in ((meter, broker, None), (broker, meter, self.count)):
                    threading.Thread(target=self._pass, args=(source, sink, count), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, count: int | None) -> None:
        with suppress(OSError):
            while data := source.recv(4096):
                sink.sendall(data if count is None else data[:count])
                count = None if count is None else count - len(data[:count])
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.mark.parametrize("answered", [0, 500])
def test_a_handshake_that_stalls_holds_up_nothing(bench: TlsBench, answered: int) -> None:
    stalling = Stalling(bench.tls_port, answered)
    try:
        bench.configure(bench.authority.sign_request(bench.request), port=stalling.port)
        bench.start_meter()
        assert until(lambda: "nothing within 8 s" in bench.log(), within_s=12), bench.log()
        assert bench.certificates() >= 7
        stalling.count = None
        assert until(bench.settled, within_s=12), bench.log()
    finally:
        stalling.close()
