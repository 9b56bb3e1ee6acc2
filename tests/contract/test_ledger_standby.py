"""A ledger and its standby: what one of them lacks it gets from the other, and two histories never join."""

from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Corrupt, Unavailable
from blockchain_iface.standby import StandbyStore
from blockchain_iface.verify import verify
from firmware.wire import cose
from tests.contract.engines import check_heads, seen
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrolment_of, genesis


class Pair:
    """A ledger with a standby, and one meter."""

    def __init__(self, folder: Path) -> None:
        self.path, self.standby = folder / "ledger.sqlite", folder / "standby.sqlite"
        self.meter = VirtualMeter("home-1", 7)
        self.open().submit([genesis(), enrolment_of(self.meter)], T0)

    def open(self) -> EmbeddedLedger:
        self.ledger = EmbeddedLedger(self.path, CENTRE, SITE, standby=self.standby)
        return self.ledger

    def grow(self, count: int, ledger: EmbeddedLedger | None = None) -> list[bytes]:
        batches = [[self.meter.certify(1, 0)] for _ in range(count)]
        for batch in batches:
            (ledger or self.ledger).submit(batch, T0)
        return [data for batch in batches for data in batch]

    def fill(self, is_full: bool) -> None:
        """The ledger's disk, as SQLite's own limit."""
        storage = self.ledger._storage
        assert isinstance(storage, StandbyStore)
        storage._ledger._db.execute(f"PRAGMA max_page_count = {1 if is_full else 1 << 30}")

    def check_both(self) -> None:
        self.ledger.close()
        copies = [list(Archive(path).entries()) for path in (self.path, self.standby)]
        assert copies[0] == copies[1]
        for path in (self.path, self.standby):
            verify(Archive(path))
        check_heads(self.open())


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_both_have_every_block(pair: Pair) -> None:
    pair.grow(5)
    pair.check_both()


def test_what_the_ledger_could_not_write_it_gets_from_its_standby(pair: Pair) -> None:
    pair.fill(True)
    batch = [pair.meter.certify(1, 0) for _ in range(200)]
    for _ in range(2):
        with pytest.raises(Unavailable, match="the disk is full"):
            pair.ledger.submit(batch, T0)
    pair.fill(False)
    pair.ledger.submit(batch, T0)
    assert all(pair.ledger.receipt(cose.parse(data).id) for data in batch)
    head = pair.ledger.head()
    assert head is not None
    assert head.size == 202
    pair.grow(2)
    pair.check_both()


def test_what_a_crash_left_on_the_standby_alone_is_taken_in(pair: Pair) -> None:
    pair.fill(True)
    batch = [pair.meter.certify(1, 0) for _ in range(200)]
    with pytest.raises(Unavailable):
        pair.ledger.submit(batch, T0)
    pair.ledger.close()
    before = list(Archive(pair.standby).blocks())
    assert list(Archive(pair.path).blocks()) != before
    pair.open()
    assert list(Archive(pair.path).blocks()) == before
    pair.grow(1)
    pair.check_both()


@pytest.mark.parametrize("is_gone", [True, False], ids=["a new stick", "a stick that was away"])
def test_a_standby_that_is_behind_is_brought_up(pair: Pair, is_gone: bool) -> None:
    pair.grow(3)
    pair.ledger.close()
    alone = EmbeddedLedger(pair.path, CENTRE, SITE)
    pair.grow(70, alone)
    alone.close()
    if is_gone:
        pair.standby.unlink()
    pair.open()
    pair.grow(1)
    pair.check_both()


def test_two_histories_never_join(pair: Pair) -> None:
    pair.grow(1)
    pair.ledger.close()
    for path, imported in ((pair.path, 5), (pair.standby, 6)):
        alone = EmbeddedLedger(path, CENTRE, SITE)
        fork = VirtualMeter("home-1", 7)
        fork.certify(1, 0)
        alone.submit([fork.certify(imported, 0)], T0)
        alone.close()
    with pytest.raises(Corrupt, match="hold two histories from block 2 or before"):
        pair.open()


def test_a_standby_that_cannot_be_had_is_no_reason_to_go_on_without(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    before = seen(pair.ledger)

    def fail(*_: object) -> None:
        raise Unavailable("pulled out")

    storage = pair.ledger._storage
    assert isinstance(storage, StandbyStore)
    monkeypatch.setattr(storage._standby, "write", fail)
    with pytest.raises(Unavailable, match="pulled out"):
        pair.grow(1)
    assert seen(pair.ledger) == before
