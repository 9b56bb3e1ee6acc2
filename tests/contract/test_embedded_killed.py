"""The embedded engine killed at any moment: what it acknowledged is there, and no block is half there."""

import random
import shutil
from pathlib import Path

from blockchain_iface.engines.embedded import EmbeddedLedger
from tests.contract.engines import check_heads
from tests.virtual_meter import CENTRE, SITE, T0
from tools.bench_kills import BATCH, begun, campaign, certificates

KILLS = 40
"""Of the 200 that `make bench-ledger` does."""


def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    acknowledged, lost = campaign(tmp_path, KILLS)
    assert acknowledged > KILLS * BATCH
    assert lost == 0


def test_a_log_cut_anywhere_by_a_power_failure_leaves_whole_blocks(tmp_path: Path) -> None:
    path, copy = tmp_path / "ledger.sqlite", tmp_path / "copy.sqlite"
    ledger, source = begun(path), certificates()
    for first in range(0, 20 * BATCH, BATCH):
        ledger.submit(source[first : first + BATCH], T0)
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
