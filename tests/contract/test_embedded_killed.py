"""The embedded engine killed at any moment: what it acknowledged is there, and no block is half there."""

import random
import shutil
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.verify import verify
from tests.contract.engines import check_heads
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrolment_of, genesis

KILLS = 200
KILLS_A_FILE = 8
BATCH = 10


@pytest.fixture(scope="module")
def certificates() -> list[bytes]:
    meter = VirtualMeter("home-1", 7)
    return [meter.certify(1, 0) for _ in range(2000)]


def begun(path: Path) -> EmbeddedLedger:
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    ledger.submit([genesis(), enrolment_of(VirtualMeter("home-1", 7))], T0)
    return ledger


def append(path: Path, certificates: list[bytes], acknowledge: Connection) -> None:
    """Submit what is not on the ledger yet, batch by batch, and say what was acknowledged."""
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    acknowledge.send([])
    chain = ledger.state.chains.get("home-1")
    for first in range(chain.contiguous if chain else 0, len(certificates), BATCH):
        acknowledge.send(ledger.submit(certificates[first : first + BATCH], T0))


def killed_after(path: Path, certificates: list[bytes], seconds: float) -> list[bytes]:
    """Let a process append for so long, kill it, and return the ids that it acknowledged."""
    ours, theirs = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=append, args=(path, certificates, theirs))
    process.start()
    theirs.close()
    ours.recv()
    time.sleep(seconds)
    process.kill()
    process.join()
    acknowledged = []
    try:
        while True:
            acknowledged += ours.recv()
    except EOFError:
        ours.close()
    return acknowledged


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path, certificates: list[bytes]) -> None:
    chance, acknowledged = random.Random(4), 0  # noqa: S311
    for file in range(KILLS // KILLS_A_FILE):
        path = tmp_path / f"{file}.sqlite"
        begun(path).close()
        for _ in range(KILLS_A_FILE):
            ids = killed_after(path, certificates, chance.uniform(0, 0.025))
            acknowledged += len(ids)
            ledger = EmbeddedLedger(path, CENTRE, SITE)
            assert all(ledger.get(id) for id in ids)
            head = ledger.head()
            assert head is not None
            assert len(ledger.read(-1, 5000)) == head.size
            assert (head.size - 2) % BATCH == 0
            ledger.close()
        verify(Archive(path), CENTRE.public)
    assert acknowledged > KILLS


def test_a_log_cut_anywhere_by_a_power_failure_leaves_whole_blocks(tmp_path: Path, certificates: list[bytes]) -> None:
    path, copy = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite"
    ledger = begun(path)
    for first in range(0, 20 * BATCH, BATCH):
        ledger.submit(certificates[first : first + BATCH], T0)
    log, heads = path.with_name("ledger.sqlite-wal").read_bytes(), ledger.blocks(100)[::-1]
    chance, heights = random.Random(5), set()  # noqa: S311
    for _ in range(60):
        for leftover in tmp_path.glob("copy.sqlite*"):
            leftover.unlink()
        shutil.copy(path, copy)
        copy.with_name("copy.sqlite-wal").write_bytes(log[: chance.randrange(len(log) // 8, len(log))])
        survivor = EmbeddedLedger(copy, CENTRE, SITE)
        head = survivor.head()
        assert head is not None
        assert survivor.blocks(100)[::-1] == heads[: head.height + 1]
        check_heads(survivor)
        heights.add(head.height)
        survivor.close()
    assert len(heights) > 10
