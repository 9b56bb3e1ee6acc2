"""What every engine promises (blockchain_iface/ledger.py). Engines are parameters; the tests do not know which one runs."""

import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from scitt_cose.receipt import verify_receipt

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt, Rejected, Unavailable
from blockchain_iface.signatures import public_key
from blockchain_iface.store import Store
from firmware.wire import cose, receipt
from firmware.wire.fields import WireError
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrol, genesis

PEM = public_key(CENTRE.public).public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter("home-1", 7)


@pytest.fixture
def ledger(path: Path, meter: VirtualMeter) -> EmbeddedLedger:
    engine = EmbeddedLedger(path, CENTRE, SITE)
    engine.submit([genesis()], T0)
    enrol(engine, meter)
    return engine


def test_a_submitted_entry_is_final_and_keeps_its_place(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    first, second = meter.certify(5, 0), meter.certify(6, 0)
    ids = ledger.submit([first, second], T0 + 20)
    entries = ledger.read(1, 10)
    assert [entry.id for entry in entries] == ids
    assert [entry.index for entry in entries] == [2, 3]
    assert [entry.data for entry in entries] == [first, second]
    assert ledger.get(ids[1]) == entries[1]


def test_submitting_again_changes_nothing(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    data = meter.certify(5, 0)
    (id,) = ledger.submit([data, data], T0 + 10)[:1]
    before = (ledger.head(), ledger.receipt(id))
    assert ledger.submit([data], T0 + 99) == [id]
    assert (ledger.head(), ledger.receipt(id)) == before


def test_a_batch_is_written_whole_or_not_at_all(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    stranger = VirtualMeter("home-2", 8)
    good, head = meter.certify(5, 0), ledger.head()
    with pytest.raises(Rejected, match="not enrolled") as refused:
        ledger.submit([good, stranger.certify(1, 1)], T0 + 10)
    assert refused.value.id == stranger.prev
    assert ledger.head() == head
    assert ledger.get(cose.parse(good).id) is None
    ledger.submit([good], T0 + 11)
    assert ledger.state.chains["home-1"].contiguous == 1


def test_receipts_convince_an_independent_library(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    certificates = [meter.certify(number, 0) for number in range(12)]
    for at in range(0, 12, 3):
        ledger.submit(certificates[at : at + 3], T0 + at)
    for data in certificates:
        proof = ledger.receipt(cose.parse(data).id)
        assert proof is not None
        result = verify_receipt(proof, leaf_entry_hex=data.hex(), log_public_key_pem=PEM)
        assert result.ok, result.errors
        other = verify_receipt(proof, leaf_entry_hex=meter.request.hex(), log_public_key_pem=PEM)
        assert not other.ok


def test_receipts_convince_the_meter(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    data = meter.certify(5, 0)
    (id,) = ledger.submit([data], T0 + 10)
    proof = ledger.receipt(id)
    head = ledger.head()
    assert proof is not None
    assert head is not None
    verifier = receipt.Verifier(SITE, CENTRE.public)
    assert verifier.check(proof, data) == (head.size, head.root)
    with pytest.raises(WireError):
        verifier.check(proof, meter.certify(1, 0))
    with pytest.raises(WireError):
        receipt.Verifier(SITE, meter.signer.public).check(proof, data)


def test_heads_follow_each_other_and_time_never_runs_back(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    ledger.submit([meter.certify(1, 0)], T0 + 50)
    ledger.submit([meter.certify(1, 0)], T0 + 20)
    newest, before = ledger.blocks(2)
    assert newest == ledger.head()
    assert (newest.height, newest.size) == (before.height + 1, before.size + 1)
    assert newest.time == before.time == T0 + 50


def test_opening_again_gives_the_same_ledger(ledger: EmbeddedLedger, meter: VirtualMeter, path: Path) -> None:
    data = meter.certify(5, 0)
    (id,) = ledger.submit([data], T0 + 10)
    head, proof = ledger.head(), ledger.receipt(id)
    ledger.close()
    again = EmbeddedLedger(path, CENTRE, SITE)
    assert (again.head(), again.receipt(id)) == (head, proof)
    assert again.state.chains["home-1"].contiguous == 1
    again.submit([meter.certify(5, 0)], T0 + 20)


def test_health_tells_the_heads_age(ledger: EmbeddedLedger) -> None:
    health = ledger.health(T0 + 77)
    assert health.available
    assert health.age_s == 77


def limit(ledger: EmbeddedLedger, pages: int) -> None:
    store = ledger._storage
    assert isinstance(store, Store)
    store._db.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_leaves_the_ledger_as_it_was(ledger: EmbeddedLedger, meter: VirtualMeter, path: Path) -> None:
    batch = [meter.certify(5, 0) for _ in range(200)]
    head = ledger.head()
    # SQLite's own limit fails exactly as a full disk does
    limit(ledger, 1)
    with pytest.raises(Unavailable, match="full"):
        ledger.submit(batch, T0 + 10)
    assert ledger.head() == head
    assert ledger.get(cose.parse(batch[0]).id) is None
    assert "home-1" not in ledger.state.chains
    limit(ledger, 100_000)
    ledger.submit(batch, T0 + 11)
    assert ledger.state.chains["home-1"].contiguous == 200
    assert EmbeddedLedger(path, CENTRE, SITE).head() == ledger.head()


def test_a_closed_file_is_unavailable_not_a_crash(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    ledger.close()
    for use in (lambda: ledger.submit([meter.certify(1, 0)], T0), lambda: ledger.read(-1, 1), lambda: ledger.blocks(1)):
        with pytest.raises(Unavailable):
            use()
    assert not ledger.health(T0).available


def test_a_file_of_another_version_is_refused_in_a_sentence(ledger: EmbeddedLedger, path: Path) -> None:
    ledger.close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 1")
    db.close()
    for reader in (lambda: EmbeddedLedger(path, CENTRE, SITE), lambda: Archive(path)):
        with pytest.raises(Corrupt, match=r"ledger of version 1, this program keeps version 2: use the release that wrote it"):
            reader()


def test_a_foreign_file_is_refused(path: Path) -> None:
    path.write_bytes(b"this is no ledger" * 300)
    with pytest.raises(Corrupt):
        EmbeddedLedger(path, CENTRE, SITE)
