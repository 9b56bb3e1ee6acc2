"""The site's authority: what it signs, in OpenSSL's judgement, too; what it takes back; what it renews and when."""

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.adapters.door import NOTICE_S, Door, DoorKeyTaken
from gateway.adapters.keystore import KeyFileError
from gateway.core.authority import CLIENT_LIFE, CRL_LIFE, OWN_LIFE
from tests.door_keys import DoorKey

NOW = 1_800_000_000
DAY = 86_400
WIND = DoorKey("wind-1")


@pytest.fixture
def door(tmp_path: Path) -> Door:
    door = Door(tmp_path)
    door.create("isle", NOW)
    door.renew(["127.0.0.1", "gateway.isle.example"], NOW)
    return door


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def judged(door: Door, pem: str, purpose: str, now: int = NOW) -> str:
    """OpenSSL's word on a certificate, with its strictest checks."""
    options = ["-x509_strict", "-crl_check", "-attime", str(now), "-purpose", purpose]
    command = ["openssl", "verify", *options, "-CAfile", str(door.ca), "-CRLfile", str(door.crl)]
    done = subprocess.run(command, input=pem, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_client_certificate_opens_this_door_and_nothing_else(door: Door) -> None:
    pem = door.issue("wind-1", WIND.public, NOW)
    one = x509.load_pem_x509_certificate(pem.encode())
    assert one.subject.rfc4514_string() == "CN=wind-1"
    assert one.public_key() == WIND.public
    assert {extension.oid._name: extension.critical for extension in one.extensions} == {
        "basicConstraints": True,
        "keyUsage": True,
        "extendedKeyUsage": True,
        "subjectKeyIdentifier": False,
        "authorityKeyIdentifier": False,
    }
    assert list(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert one.not_valid_after_utc.timestamp() == NOW + CLIENT_LIFE.total_seconds()
    assert judged(door, pem, "sslclient").endswith("OK\n")
    for purpose in ("sslserver", "smimesign", "crlsign"):
        assert "unsuitable certificate purpose" in judged(door, pem, purpose)


def test_the_brokers_certificate_names_what_it_serves(door: Door) -> None:
    one = certificate(door.broker)
    names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert names.get_values_for_type(x509.DNSName) == ["gateway.isle.example"]
    assert judged(door, door.broker.read_text(), "sslserver").endswith("OK\n")
    assert "unsuitable certificate purpose" in judged(door, door.broker.read_text(), "sslclient")
    assert judged(door, door.link.read_text(), "sslclient").endswith("OK\n")


def test_a_meter_whose_clock_is_not_set_can_judge_the_broker(door: Door) -> None:
    command = ["openssl", "verify", "-x509_strict", "-attime", str(DAY), "-purpose", "sslserver", "-CAfile", str(door.ca)]
    done = subprocess.run([*command, str(door.broker)], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("OK\n"), done.stderr
    assert "not yet valid" in judged(door, door.issue("wind-1", WIND.public, NOW), "sslclient", NOW - 2 * DAY)


def test_all_keys_are_on_p256_and_the_owners_alone(door: Door, tmp_path: Path) -> None:
    door.issue("wind-1", WIND.public, NOW)
    for path in (door.ca, door.broker, door.link):
        key = certificate(path).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*.pem")} == {0o600}
    assert b"PRIVATE" not in door.ca.read_bytes()


def test_what_is_revoked_stays_revoked(door: Door) -> None:
    first, second = (door.issue("wind-1", WIND.public, NOW) for _ in range(2))
    other = door.issue("wind-1-b", DoorKey("wind-1-b").public, NOW)
    before = door.version()
    assert door.revoke("wind-1", NOW + 5) == 2
    assert door.version() != before
    assert door.revoke("wind-1", NOW + 6) == 0
    assert door.revoke("nobody", NOW + 6) == 0
    third = door.issue("wind-1", WIND.public, NOW + 7)
    for pem in (first, second):
        assert "certificate revoked" in judged(door, pem, "sslclient", NOW + 10)
    for pem in (third, other):
        assert judged(door, pem, "sslclient", NOW + 10).endswith("OK\n")
    assert door.revoke("wind-1", NOW + 8) == 1
    door.renew(["127.0.0.1"], NOW + 80 * DAY)
    assert "certificate revoked" in judged(door, first, "sslclient", NOW + 80 * DAY)
    crl = x509.load_pem_x509_crl(door.crl.read_bytes())
    assert len(list(crl)) == 3
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 4
    assert crl.next_update_utc is not None
    assert crl.next_update_utc.timestamp() == NOW + 80 * DAY + CRL_LIFE.total_seconds()


def changed(door: Door, now: int, *addresses: str) -> set[str]:
    """Which files ``renew`` renews."""
    paths = (door.ca, door.crl, door.broker, door.link)
    before = [path.read_bytes() for path in paths]
    door.renew(addresses or ["127.0.0.1", "gateway.isle.example"], now)
    return {path.stem for path, old in zip(paths, before, strict=True) if path.read_bytes() != old}


def test_half_a_life_is_time_for_a_new_one(door: Door) -> None:
    assert changed(door, NOW + 40 * DAY) == set()
    assert changed(door, NOW + 50 * DAY) == {"crl"}
    assert changed(door, NOW + int(OWN_LIFE.total_seconds()) // 2) == {"crl", "broker", "link"}
    # a clock that was ahead and is set right
    assert changed(door, NOW) == {"crl", "broker", "link"}
    assert changed(door, NOW, "127.0.0.1") == {"broker"}


def test_people_are_told_in_time_whose_certificate_ends(door: Door) -> None:
    life = int(CLIENT_LIFE.total_seconds())
    door.issue("wind-1", WIND.public, NOW)
    door.issue("wind-2", DoorKey("wind-2").public, NOW)
    house = DoorKey("house-1")
    door.issue("house-1", house.public, NOW)
    door.issue("house-1", house.public, NOW + DAY)
    door.revoke("wind-2", NOW)
    assert door.ending(NOW + life - NOTICE_S) == {}
    assert door.ending(NOW + life - NOTICE_S + 1) == {"wind-1": 59}
    assert door.ending(NOW + life + DAY) == {"house-1": 0, "wind-1": -1}


def test_one_key_is_for_one_meter(door: Door) -> None:
    door.issue("wind-1", WIND.public, NOW)
    door.check("wind-1", WIND.public)
    with pytest.raises(DoorKeyTaken, match="the csr's key is that of wind-1"):
        door.check("wind-2", WIND.public)


def test_a_lost_or_damaged_file_is_never_made_up_for(door: Door, tmp_path: Path) -> None:
    authority = tmp_path / "authority.pem"
    whole = authority.read_bytes()
    door.create("isle", NOW)
    assert authority.read_bytes() == whole
    door.crl.write_text("nonsense")
    with pytest.raises(KeyFileError, match=r"crl\.pem is damaged"):
        door.renew([], NOW)
    door.crl.unlink()
    with pytest.raises(KeyFileError, match=r"crl\.pem is missing: restore it"):
        door.revoke("wind-1", NOW)
    stranger = Door(tmp_path / "stranger")
    stranger.create("isle", NOW)
    secret = (tmp_path / "stranger" / "authority.pem").read_bytes()
    authority.write_bytes(secret.partition(b"-----BEGIN CERT")[0] + door.ca.read_bytes())
    with pytest.raises(KeyFileError, match="do not belong together"):
        door.issue("wind-1", WIND.public, NOW)
