"""What can be wrong with the embedded engine's file or its disk: a clear error each, and never half a block."""

import os
import random
import resource
import sqlite3
import tempfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt, LedgerError, Unavailable
from blockchain_iface.state.records import Chain
from blockchain_iface.store import Store
from blockchain_iface.verify import verify
from firmware.wire import cose
from tests.contract.engines import Seen, check_heads, seen
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrolment_of, genesis

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def meter() -> VirtualMeter:
    return VirtualMeter("home-1", 7)


@pytest.fixture
def ledger(path: Path, meter: VirtualMeter) -> EmbeddedLedger:
    return begun(path, meter)


def begun(path: Path, meter: VirtualMeter) -> EmbeddedLedger:
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    ledger.submit([genesis(), enrolment_of(meter)], T0)
    return ledger


def limit(ledger: EmbeddedLedger, pages: int) -> None:
    store = ledger._storage
    assert isinstance(store, Store)
    store._db.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_leaves_the_ledger_as_it_was(ledger: EmbeddedLedger, meter: VirtualMeter, path: Path) -> None:
    batch, before = [meter.certify(5, 0) for _ in range(200)], seen(ledger)
    # SQLite's own limit fails exactly as a full disk does
    limit(ledger, 1)
    with pytest.raises(Unavailable, match="the disk is full: make room"):
        ledger.submit(batch, T0 + 10)
    assert seen(ledger) == before
    assert ledger.get(cose.parse(batch[0]).id) is None
    assert "home-1" not in ledger.state.chains
    limit(ledger, 100_000)
    ledger.submit(batch, T0 + 11)
    assert ledger.state.chains["home-1"].contiguous == 200
    assert seen(EmbeddedLedger(path, CENTRE, SITE)) == seen(ledger)


def in_a_process(work: Callable[[], None]) -> None:
    """Run ``work`` in a process of its own, whose limits and user it may change."""
    process = get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == 0


def test_a_disk_that_takes_no_more_at_any_byte(tmp_path: Path) -> None:
    def work() -> None:
        for room in range(0, 60_000, 3000):
            path, meter = tmp_path / f"{room}.sqlite", VirtualMeter("home-1", 7)
            ledger = begun(path, meter)
            batch, before = [meter.certify(5, 0) for _ in range(100)], seen(ledger)
            used = path.with_name(f"{path.name}-wal").stat().st_size
            resource.setrlimit(resource.RLIMIT_FSIZE, (used + room, resource.RLIM_INFINITY))
            with pytest.raises(Unavailable):
                ledger.submit(batch, T0 + 10)
            assert seen(ledger) == before
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            ledger.submit(batch, T0 + 10)
            check_heads(ledger)

    in_a_process(work)


def test_a_file_that_may_only_be_read(meter: VirtualMeter) -> None:
    def work() -> None:
        if os.getuid() == 0:
            os.setuid(NOBODY)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "ledger.sqlite"
            begun(path, meter).close()
            before = path.read_bytes()
            path.chmod(0o444)
            for mode in (0o755, 0o555):
                path.parent.chmod(mode)
                with pytest.raises(Unavailable, match=r"right to write|belong to this user"):
                    EmbeddedLedger(path, CENTRE, SITE).submit([meter.certify(1, 0)], T0)
            path.parent.chmod(0o755)
            assert path.read_bytes() == before
            path.chmod(0o644)
            EmbeddedLedger(path, CENTRE, SITE).close()

    in_a_process(work)


def test_another_writer_is_named(ledger: EmbeddedLedger, meter: VirtualMeter, path: Path) -> None:
    store = ledger._storage
    assert isinstance(store, Store)
    store._db.execute("PRAGMA busy_timeout = 0")
    data = meter.certify(1, 0)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="another process is writing to it"):
            ledger.submit([data], T0)
        other.rollback()
    other.close()
    ledger.submit([data], T0)
    check_heads(ledger)


def test_a_transaction_that_was_left_open_is_not_joined(ledger: EmbeddedLedger, meter: VirtualMeter, path: Path) -> None:
    store, data = ledger._storage, meter.certify(1, 0)
    assert isinstance(store, Store)
    store._db.execute("BEGIN")
    with pytest.raises(Unavailable):
        ledger.submit([data], T0)
    (id,) = ledger.submit([data], T0)
    assert EmbeddedLedger(path, CENTRE, SITE).get(id)


def test_a_block_that_another_writer_has_added_is_taken_in(ledger: EmbeddedLedger, meter: VirtualMeter, path: Path) -> None:
    first, second = meter.certify(1, 0), meter.certify(2, 0)
    other = EmbeddedLedger(path, CENTRE, SITE)
    other.submit([first], T0)
    other.close()
    ledger.submit([second], T0)
    assert ledger.state.chains["home-1"].contiguous == 2
    check_heads(ledger)


def test_a_certificate_that_the_state_has_and_its_chain_denies_is_damage(meter: VirtualMeter, path: Path) -> None:
    ledger = begun(path, meter)
    ledger.submit([meter.certify(5, 0)], T0 + 10)
    ledger.close()
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    before = seen(ledger)
    # as if the chain's row were an older one: nobody looks for the certificate, and the file must not take it twice
    ledger.state.chains.put(meter.meter, Chain())
    ledger.state.keep()
    with pytest.raises(Corrupt, match=r"is damaged .*UNIQUE"):
        ledger.submit([VirtualMeter("home-1", 7).certify(6, 0)], T0 + 20)
    assert seen(ledger) == before


def test_a_closed_file_is_unavailable_not_a_crash(ledger: EmbeddedLedger, meter: VirtualMeter) -> None:
    ledger.close()
    for use in (lambda: ledger.submit([meter.certify(1, 0)], T0), lambda: ledger.read(-1, 1), lambda: ledger.blocks(1)):
        with pytest.raises(Unavailable):
            use()
    assert not ledger.health(T0).available


def test_a_foreign_file_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"this is no ledger" * 300)
    before = path.read_bytes()
    for reader in (lambda: EmbeddedLedger(path, CENTRE, SITE), lambda: Archive(path)):
        with pytest.raises(Corrupt, match=r"is damaged|is no skerry ledger"):
            reader()
    with sqlite3.connect(path.with_name("other.sqlite")) as db:
        db.execute("CREATE TABLE t (x)")
    db.close()
    with pytest.raises(Corrupt, match="is no skerry ledger"):
        EmbeddedLedger(path.with_name("other.sqlite"), CENTRE, SITE)
    assert path.read_bytes() == before


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A closed ledger's file: 400 certificates in blocks of 20."""
    path, meter = tmp_path_factory.mktemp("whole") / "ledger.sqlite", VirtualMeter("home-1", 7)
    ledger = begun(path, meter)
    for _ in range(20):
        ledger.submit([meter.certify(1, 0) for _ in range(20)], T0)
    ledger.close()
    return path.read_bytes()


def next_certificate() -> bytes:
    meter = VirtualMeter("home-1", 7)
    for _ in range(400):
        last = meter.certify(1, 0)
    assert last
    return meter.certify(1, 0)


def test_a_truncated_file_is_damaged(path: Path, whole: bytes) -> None:
    data = next_certificate()
    for size in range(4096, len(whole), 4096 * 5):
        path.write_bytes(whole[:size])
        with pytest.raises(Corrupt):
            EmbeddedLedger(path, CENTRE, SITE).submit([data], T0)
        assert path.read_bytes()[:size] == whole[:size]


def test_a_damaged_page_is_noticed_and_nothing_wrong_is_told(path: Path, whole: bytes) -> None:
    path.write_bytes(whole)
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    true, data, chance = seen(ledger), next_certificate(), random.Random(4)  # noqa: S311
    ledger.close()
    for page in range(len(whole) // 4096):
        damaged = whole[: page * 4096] + chance.randbytes(4096) + whole[(page + 1) * 4096 :]
        put(path, damaged)
        if not is_noticed(path, true, data):
            # the daily work does not come by there
            put(path, damaged)
            with pytest.raises(Corrupt, match="is damaged"):
                verify(Archive(path), CENTRE.public)


def put(path: Path, data: bytes) -> None:
    for leftover in path.parent.glob("ledger.sqlite*"):
        leftover.unlink()
    path.write_bytes(data)


def is_noticed(path: Path, true: Seen, data: bytes) -> bool:
    """Whether an error tells of the damage, while all that is said besides is true."""
    errors = 0
    try:
        ledger = EmbeddedLedger(path, CENTRE, SITE)
    except LedgerError:
        return True
    for entry, proof in zip(true[1], true[2], strict=True):
        try:
            assert ledger.receipt(entry.id) == proof
        except LedgerError:
            errors += 1
    head = ledger.head()
    try:
        ledger.submit([data], T0)
    except LedgerError:
        errors += 1
        assert ledger.head() == head
    ledger.close()
    return errors > 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entries SET data = cast(substr(data, 1, 99) || x'ff' || substr(data, 101) AS BLOB) WHERE idx = 77",
        "UPDATE tiles SET hashes = cast(substr(hashes, 1, 12 * 32) || zeroblob(3648) AS BLOB) WHERE key = 1 << 4",
        "UPDATE tiles SET hashes = cast(substr(hashes, 1, 12 * 32) || hex(zeroblob(1824)) AS BLOB) WHERE key = 1 << 4",
    ],
    ids=["an entry", "a node that is gone", "a node that is wrong"],
)
def test_a_quietly_changed_byte_gives_no_receipt(path: Path, whole: bytes, damage: str) -> None:
    path.write_bytes(whole)
    with sqlite3.connect(path) as db:
        id = db.execute("SELECT id FROM entries WHERE idx = 77").fetchone()[0]
        assert db.execute(damage).rowcount == 1
    db.close()
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    with pytest.raises(Corrupt):
        ledger.receipt(id)
