"""The standalone receipt: it convinces whoever knows nothing but it, and nothing in it can be changed."""

import json
import sqlite3
from dataclasses import fields, replace
from pathlib import Path

import pytest

from blockchain_iface import block
from blockchain_iface.archive import Archive
from blockchain_iface.bundle import Bundle
from blockchain_iface.document import MAX_SIZE, EvidenceError, read
from blockchain_iface.ecdsa_signatures import EcdsaVerifier
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt, Head
from blockchain_iface.prove import prove
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Enrolment
from firmware.wire import certificate, cose, enrolment, event, receipt, rotation
from firmware.wire.proof import leaf_hash
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrol, genesis, signer
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
    return prove(archive, entry, Verifier())


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
    value = getattr(bundle, name)
    for changed in flips(value[0] if isinstance(value, tuple) else value):
        with pytest.raises(EvidenceError):
            replace(bundle, **{name: (changed,) if isinstance(value, tuple) else changed}).check(verifier)  # type: ignore[arg-type]


def test_parts_of_two_receipts_do_not_mix(path: Path, bundle: Bundle) -> None:
    other = of_type(path, event.TYPE)
    for name in ("entry", "receipt", "block"):
        with pytest.raises(EvidenceError):
            replace(bundle, **{name: getattr(other, name)}).check(Verifier())
    with pytest.raises(EvidenceError, match="one receipt for each"):
        replace(bundle, authority=()).check(Verifier())
    with pytest.raises(EvidenceError, match="another key than the one"):
        replace(bundle, authority=(), authority_receipts=()).check(Verifier())
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
        b"[" * 100_000,
        b"{" * 100_000,
    ],
)
def test_what_is_no_evidence_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        read(data, [Bundle])


def test_more_than_evidence_can_be_is_not_even_read(bundle: Bundle) -> None:
    with pytest.raises(EvidenceError, match="at most"):
        read(bundle.to_json().encode() + b" " * MAX_SIZE, [Bundle])


def test_fields_have_their_types(bundle: Bundle) -> None:
    body = json.loads(bundle.to_json())
    with pytest.raises(EvidenceError, match="hex digits"):
        read(json.dumps({**body, "block": "xyz"}).encode(), [Bundle])
    for wrong in ("xyz", 5, None, ["00"]):
        with pytest.raises(EvidenceError, match="block"):
            read(json.dumps({**body, "block": wrong}).encode(), [Bundle])
    assert read(json.dumps({**body, "meter_key": None}).encode(), [Bundle]).meter_key is None


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("UPDATE tiles SET hashes = cast(X'01' || substr(hashes, 2) AS BLOB)", "signature does not hold"),
        ("DELETE FROM tiles", "node .* is missing"),
        ("DELETE FROM entries WHERE idx = 1", "no entry gives key .* to wind-1"),
        ("DELETE FROM blocks WHERE height = 0", "block 0 is missing"),
        ("UPDATE blocks SET size = 1", "does not cover it"),
        ("DELETE FROM entries", "the ledger is empty"),
    ],
)
def test_a_damaged_file_gives_none(path: Path, tmp_path: Path, damage: str, reason: str) -> None:
    copy = tmp_path / "ledger.sqlite"
    copy.write_bytes(path.read_bytes())
    entry = next(entry for entry in Archive(copy).entries() if cose.parse(entry.data).type == certificate.TYPE)
    with sqlite3.connect(copy) as db:
        db.execute(damage)
    db.close()
    with pytest.raises(Corrupt, match=reason):
        prove(Archive(copy), entry, Verifier())


def sealed_by(site: str, root: bytes) -> bytes:
    return block.seal(CENTRE, site, Head(0, 1, root, T0), None, (1, bytes(32))).data


def alone(data: bytes, site: str = SITE) -> tuple[bytes, bytes]:
    """(receipt, block) for a ledger that holds nothing but ``data``: an operator can sign whatever it likes."""
    root = leaf_hash(data)
    signature = receipt.sign_head(CENTRE, site, root)
    sealed = sealed_by(SITE, root)
    return receipt.encode(CENTRE.kid, site, 1, 0, [], signature), sealed


def false_enrolment(bundle: Bundle, type: str, subject: str, payload: bytes) -> Bundle:
    entry = cose.sign(CENTRE, SITE, subject, type, payload)
    return replace(bundle, authority=(entry,), authority_receipts=(alone(entry)[0],))


STRANGER = VirtualMeter("wind-1", 99)
WIND = VirtualMeter("wind-1", 11)


@pytest.fixture
def rotated(tmp_path: Path) -> Bundle:
    """The receipt of a certificate under wind-1's third key."""
    meter, ledger = VirtualMeter("wind-1", 11), EmbeddedLedger(tmp_path / "rotated.sqlite", CENTRE, SITE)
    ledger.submit([genesis()], T0)
    enrol(ledger, meter)
    for key in (signer(12), signer(13)):
        ledger.submit([rotation.rotate(meter.signer, key, SITE, "wind-1", meter.seq + 1, 1)], T0)
        meter.signer = key
        ledger.submit([meter.certify(1, 0)], T0)
    ledger.close()
    archive = Archive(tmp_path / "rotated.sqlite")
    return prove(archive, archive.named("5"), Verifier())


def test_a_rotated_key_is_proven_by_all_keys_before(rotated: Bundle) -> None:
    assert len(rotated.authority) == 3
    assert rotated.check(ECDSA).statement.kid == signer(13).kid
    (first, second, third), receipts = rotated.authority, rotated.authority_receipts
    for chain, reason in (
        ((first, third), "not signed by the key before"),
        ((first, second), "another key than the one"),
        ((second, third), "not signed by the operator"),
        ((first, second, third[:-64] + second[-64:]), "not signed by the key before"),
    ):
        with pytest.raises(EvidenceError, match=reason):
            replace(rotated, authority=chain, authority_receipts=receipts[: len(chain)]).check(Verifier())


def unproven_request() -> bytes:
    """A request for wind-1's key by somebody who does not hold it."""
    return WIND.request[:-64] + STRANGER.request[-64:]


LIES = {
    "genesis: a statement of another type": lambda bundle: replace(
        bundle, genesis=cose.sign(CENTRE, SITE, SITE, "vnd.skerry.x", cose.parse(bundle.genesis).payload)
    ),
    "of site atoll": lambda bundle: replace(bundle, block=sealed_by("atoll", bytes(32))),
    "block: not a block": lambda bundle: replace(bundle, block=bundle.genesis),
    "of another ledger": lambda bundle: replace(bundle, receipt=alone(bundle.entry, "atoll")[0]),
    "authority: enrolment: key 1 is missing": lambda bundle: false_enrolment(bundle, Enrolment.TYPE, "wind-1", b"\xa0"),
    "of another meter than wind-1": lambda bundle: false_enrolment(
        bundle, Enrolment.TYPE, "home-1", Enrolment("wind", WIND.request).encode()
    ),
    "authority: enrolment request": lambda bundle: false_enrolment(
        bundle,
        Enrolment.TYPE,
        "wind-1",
        Enrolment("wind", cose.sign(WIND.signer, SITE, "wind-1", enrolment.TYPE, b"\xa0")).encode(),
    ),
    "gives nobody a key": lambda bundle: false_enrolment(
        bundle, "vnd.skerry.x", "wind-1", Enrolment("wind", WIND.request).encode()
    ),
    "of another key than the one that signs": lambda bundle: false_enrolment(
        bundle, Enrolment.TYPE, "wind-1", Enrolment("wind", STRANGER.request).encode()
    ),
    "never showed": lambda bundle: false_enrolment(
        bundle, Enrolment.TYPE, "wind-1", Enrolment("wind", unproven_request()).encode()
    ),
}


@pytest.mark.parametrize("reason", LIES)
def test_a_lying_operator_is_found_out(bundle: Bundle, reason: str) -> None:
    with pytest.raises(EvidenceError, match=reason):
        LIES[reason](bundle).check(Verifier())


def test_an_operator_cannot_put_words_in_a_meters_mouth(bundle: Bundle) -> None:
    forged = bundle.entry[:-64] + STRANGER.certify(0, 5)[-64:]
    proof, sealed = alone(forged)
    with pytest.raises(EvidenceError, match="not signed by the meter"):
        replace(bundle, entry=forged, receipt=proof, block=sealed).check(Verifier())
    # for the meter's own words it is taken: an operator may keep a second ledger, but not write for others
    proof, sealed = alone(bundle.entry)
    assert replace(bundle, receipt=proof, block=sealed).check(Verifier()).head.size == 1
