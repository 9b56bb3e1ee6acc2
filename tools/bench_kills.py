"""The embedded engine killed at random moments while it writes: what it acknowledged is there, and no block is half there.

    python -m tools.bench_kills [KILLS]

Prints ``name value unit`` lines; each falls into or between batches that are the same every time.
"""

import random
import sys
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.verify import verify
from tests.virtual_meter import CENTRE, SITE, T0, VirtualMeter, enrolment_of, genesis

KILLS, KILLS_A_FILE, BATCH = 200, 8, 10
_MOST_BATCHES, _BATCH_S = 16, 0.003
_BEFORE = 2
"""Entries that are there before the first batch."""


def certificates() -> list[bytes]:
    """More than can be written between two kills."""
    meter = VirtualMeter("home-1", 7)
    return [meter.certify(1, 0) for _ in range(2000)]


def begun(path: Path) -> EmbeddedLedger:
    """A new ledger that takes the certificates."""
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    ledger.submit([genesis(), enrolment_of(VirtualMeter("home-1", 7))], T0)
    return ledger


def campaign(folder: Path, kills: int) -> tuple[int, int]:
    """How many entries were acknowledged by processes that were killed, and how many of them are lost.

    Corrupt if a file does not hold; AssertionError if a block is half there.
    """
    chance, source, acknowledged, lost = random.Random(4), certificates(), 0, 0  # noqa: S311 - no secret
    for file in range(kills // KILLS_A_FILE):
        path = folder / f"{file}.sqlite"
        begun(path).close()
        for _ in range(KILLS_A_FILE):
            ids = _killed_after(path, source, chance.randrange(_MOST_BATCHES), chance.uniform(0, _BATCH_S))
            acknowledged += len(ids)
            lost += _missing(path, ids)
        verify(Archive(path), CENTRE.public)
    return acknowledged, lost


def _append(path: Path, source: list[bytes], acknowledge: Connection) -> None:
    """Submit what is not on the ledger yet, batch by batch, and say what was acknowledged."""
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    acknowledge.send([])
    chain = ledger.state.chains.get("home-1")
    for first in range(chain.contiguous if chain else 0, len(source), BATCH):
        acknowledge.send(ledger.submit(source[first : first + BATCH], T0))


def _killed_after(path: Path, source: list[bytes], batches: int, seconds: float) -> list[bytes]:
    """Let a process append so many batches, and for so long, kill it, and return the ids that it acknowledged."""
    ours, theirs = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=_append, args=(path, source, theirs))
    process.start()
    theirs.close()
    ours.recv()
    acknowledged = [id for _ in range(batches) for id in ours.recv()]
    time.sleep(seconds)
    process.kill()
    process.join()
    try:
        while True:
            acknowledged += ours.recv()
    except EOFError:
        ours.close()
    return acknowledged


def _missing(path: Path, ids: list[bytes]) -> int:
    """How many of ``ids`` are not there, in a ledger of whole blocks."""
    ledger = EmbeddedLedger(path, CENTRE, SITE)
    head = ledger.head()
    assert head is not None
    assert len(ledger.read(-1, 5000)) == head.size
    assert (head.size - _BEFORE) % BATCH == 0
    missing = sum(ledger.get(id) is None for id in ids)
    ledger.close()
    return missing


def main(kills: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        acknowledged, lost = campaign(Path(folder), kills)
    print(f"ledger_kills {kills} count")
    print(f"ledger_kills_acknowledged {acknowledged} entries")
    print(f"ledger_kills_lost {lost} entries")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS)
