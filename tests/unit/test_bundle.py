"""The standalone receipt: it convinces whoever knows nothing but it, and nothing in it can be changed."""

import json
import sqlite3
from dataclasses import fields, replace
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.bundle import Bundle, collect
from blockchain_iface.document import EvidenceError, read
from blockchain_iface.ecdsa_signatures import EcdsaVerifier
from blockchain_iface.ledger import Corrupt
from blockchain_iface.signatures import Verifier
from firmware.wire import certificate, cose, event
from tests.virtual_meter import CENTRE, SITE, T0
from tests.worlds import Island

ECDSA = EcdsaVerifier()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    island = Island(path)
    for step in range(1, 4):
        island.work(T0 + 10 * step - 5)
        island.run(wind=400 + step, home=300, other=90 + step, now=T0 + 10 * step)
    island.submit(island.wind.record(), now=T0 + 40)
    island.ledger.close()
    return path


def of_type(path: Path, type: str) -> Bundle:
    archive = Archive(path)
    entry = next(entry for entry in archive.entries() if cose.parse(entry.data).type == type)
    return collect(archive, entry, Verifier())


@pytest.fixture(scope="module")
def bundle(path: Path) -> Bundle:
    return of_type(path, certificate.TYPE)


def test_it_says_who_signed_what_and_where_it_stands(path: Path, bundle: Bundle) -> None:
    checked = bundle.check(ECDSA)
    entry = Archive(path).find(str(checked.index))
    assert entry is not None
    assert (checked.site, checked.operator) == (SITE, CENTRE.public)
    assert checked.statement.id == entry.id
    assert checked.head == Archive(path).block(entry.height).head()


@pytest.mark.parametrize("type", [event.TYPE, "vnd.skerry.genesis", "vnd.skerry.enrolment", "vnd.skerry.settlement"])
def test_any_entry_has_one(path: Path, type: str) -> None:
    assert of_type(path, type).check(ECDSA).statement.type == type


def test_both_forms_say_the_same(bundle: Bundle) -> None:
    assert read(bundle.to_cbor(), [Bundle]) == bundle
    assert read(bundle.to_json().encode(), [Bundle]) == bundle
    assert json.loads(bundle.to_json())["skerry"] == "receipt"


def flips(data: bytes) -> list[bytes]:
    """Copies with one bit of every seventh byte changed, and of the last."""
    places = [*range(0, len(data), 7), len(data) - 1]
    return [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in places]


@pytest.mark.parametrize("name", [field.name for field in fields(Bundle)])
def test_no_bit_can_be_changed(bundle: Bundle, name: str) -> None:
    verifier = Verifier()
    for changed in flips(getattr(bundle, name)):
        with pytest.raises(EvidenceError):
            replace(bundle, **{name: changed}).check(verifier)


def test_parts_of_two_receipts_do_not_mix(path: Path, bundle: Bundle) -> None:
    other = of_type(path, event.TYPE)
    for name in ("entry", "receipt", "block"):
        with pytest.raises(EvidenceError):
            replace(bundle, **{name: getattr(other, name)}).check(Verifier())
    with pytest.raises(EvidenceError, match="enrolment: missing"):
        replace(bundle, enrolment=None).check(Verifier())
    with pytest.raises(EvidenceError, match="needs none"):
        replace(of_type(path, "vnd.skerry.genesis"), meter_key=b"").check(Verifier())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"skerry": "receipt"}',
        b'{"skerry": "other"}',
        b'{"skerry": 1}',
        b"\xa0",
        b"\xa1\x00\x67receipt",
        b"\x80",
        bytes(1 << 20) + b"\x00",
        b"[" * 100_000,
        b"{" * 100_000,
    ],
)
def test_what_is_no_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        read(data, [Bundle])


def test_fields_have_their_types(bundle: Bundle) -> None:
    body = json.loads(bundle.to_json())
    for wrong in ("xyz", 5, None, ["00"]):
        with pytest.raises(EvidenceError, match="block"):
            read(json.dumps({**body, "block": wrong}).encode(), [Bundle])
    assert read(json.dumps({**body, "meter_key": None}).encode(), [Bundle]).meter_key is None


def test_a_damaged_file_gives_none(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "ledger.sqlite"
    copy.write_bytes(path.read_bytes())
    with sqlite3.connect(copy) as db:
        db.execute("DELETE FROM entries WHERE idx = 1")
    db.close()
    archive = Archive(copy)
    entry = next(entry for entry in archive.entries() if cose.parse(entry.data).subject == "wind-1")
    with pytest.raises(Corrupt):
        collect(archive, entry, Verifier())
