"""A history of right and wrong entries, drawn by chance, over a real node: what is conserved elsewhere is conserved there."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

from blockchain_iface.archive import Archive
from blockchain_iface.engines.cometbft import CometLedger
from blockchain_iface.engines.memory import MemoryLedger, MemoryStorage
from blockchain_iface.verify import verify
from tests.contract.engines import PATIENCE_S, Alone
from tests.histories import ACTIONS, USUAL, Action, History
from tests.virtual_meter import CENTRE, SITE

_CHANCE = random.Random(7)  # noqa: S311 - the same history every time
PLAYED: list[Action] = [(name, _CHANCE.randrange(10_000), _CHANCE.randrange(10_000)) for name in (*ACTIONS, *USUAL)]
_CHANCE.shuffle(PLAYED)


class Patient(CometLedger):
    """Waits until what was submitted is final, as an engine of one process does not have to."""

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        ids = super().submit(entries, at)
        deadline = time.monotonic() + PATIENCE_S
        while not all(self.get(id) for id in ids):
            assert time.monotonic() < deadline, "not final in time"
            time.sleep(0.01)
        return ids


def test_a_history_over_a_real_node_ends_like_one_in_memory(tmp_path: Path) -> None:
    storage = MemoryStorage()
    expected = History(MemoryLedger(storage, CENTRE, SITE))
    expected.play(PLAYED)
    engine = Alone(tmp_path, Patient)
    try:
        history = History(engine.open())
        history.play(PLAYED)
    finally:
        engine.close()
    assert (history.blocks, history.refused) == (expected.blocks, expected.refused)
    archive = Archive(tmp_path)
    states = [stored.block().state for stored in archive.blocks()]
    assert states == [stored.block().state for stored in reversed(storage.newest(10_000))]
    assert history.refused > 5
    verify(archive, CENTRE.public)
