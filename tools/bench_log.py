"""What the embedded engine's storage costs, beside a bare SQLite insert of the same bytes in the same run.

    python -m tools.bench_log [ENTRIES]

Prints ``name value unit`` lines. Entries are of 420 bytes, a certificate of 15 rows, and already judged: what judging costs is
bench_state's subject. Batches are of 100; the log and the bare tables take turns, so that a busy disk is everybody's. One bare
table can find an entry by its id, as a ledger must (keyed), the other cannot (heap).
"""

import hashlib
import random
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time

from cryptography.hazmat.primitives.asymmetric import ec

from blockchain_iface import merkle
from blockchain_iface.log import Log
from blockchain_iface.signatures import KeySigner
from blockchain_iface.state.backing import Sealed
from blockchain_iface.store import Store
from blockchain_iface.tiles import Tiles
from firmware.wire.cose import Statement

ENTRIES = 1_000_000
SIZE, BATCH, TURN = 420, 100, 2000
_PROOFS, _RECEIPTS = 20_000, 5_000
Figures = Iterator[tuple[str, float, str]]
Insert = Callable[[int, int, list[Statement]], None]
_PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;"
_BARE = {
    "keyed": "CREATE TABLE entries (idx INTEGER PRIMARY KEY, id BLOB UNIQUE, height INTEGER, data BLOB);",
    "heap": "CREATE TABLE entries (idx INTEGER PRIMARY KEY, id BLOB, height INTEGER, data BLOB);",
}


class Bare:
    """A table in a file of its own, written in the same batches with the same durability."""

    def __init__(self, path: Path, schema: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_PRAGMAS + schema)

    def insert(self, height: int, first: int, batch: list[Statement]) -> None:
        """One batch in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        rows = [(index, one.id, height, one.data) for index, one in enumerate(batch, first)]
        self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
        self._db.execute("COMMIT")


class Engine:
    """The log over its file, without a judge: what was there is passed over, all else becomes a block."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self.log = Log(self.store, KeySigner(ec.derive_private_key(4, ec.SECP256R1())), "isle")

    def insert(self, height: int, _first: int, batch: list[Statement]) -> None:
        """One batch as one block."""
        assert not self.store.known([one.id for one in batch])
        self.log.append(batch, 0, Sealed(height, 1, merkle.EMPTY_ROOT, (), {}))


class Race:
    """The engine and the bare tables, each fed the same entries in turn, on the clock."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder / "ledger.sqlite")
        bare = {name: Bare(folder / f"{name}.sqlite", schema).insert for name, schema in _BARE.items()}
        self._writers: dict[str, Insert] = {"log": self.engine.insert, **bare}
        self._chance = random.Random(4)  # noqa: S311 - no secret
        self._height = 0
        self.size = 0

    def run(self, turns: int, batch: int = BATCH) -> dict[str, tuple[float, float]]:
        """Microseconds an entry by name: on the wall and on the processor."""
        spent = {name: [0.0, 0.0] for name in self._writers}
        for _ in range(turns):
            some = [self._chance.randbytes(SIZE) for _ in range(TURN)]
            turn = [Statement(data, b"", ("isle", "m", "cert"), b"", b"", hashlib.sha256(data).digest()) for data in some]
            for name, insert in self._writers.items():
                begun, used = perf_counter(), process_time()
                for place in range(0, TURN, batch):
                    insert(self._height + place // batch, self.size + place, turn[place : place + batch])
                spent[name][0] += perf_counter() - begun
                spent[name][1] += process_time() - used
            self.size, self._height = self.size + TURN, self._height + TURN // batch
        return {name: (wall / turns / TURN * 1e6, used / turns / TURN * 1e6) for name, (wall, used) in spent.items()}


def bench_append(race: Race, entries: int) -> Figures:
    """Rates and ratios, and what an entry costs in a small ledger and in one of ``entries``."""
    small = race.run(2)
    costs = race.run(60)
    for name, (wall, _) in costs.items():
        yield f"ledger_append_{name}", 1e6 / wall, "entries/s"
    yield "ledger_append_ratio", costs["keyed"][0] / costs["log"][0], "ratio"
    yield "ledger_append_ratio_to_heap", costs["heap"][0] / costs["log"][0], "ratio"
    for name, (_, used) in costs.items():
        yield f"ledger_append_{name}_processor", used, "us/entry"
    race.run((entries - race.size) // TURN, TURN)
    for size, (wall, used) in ((2 * TURN, small["log"]), (entries, race.run(10)["log"])):
        yield f"ledger_append_up_to_{size}", wall, "us/entry"
        yield f"ledger_append_up_to_{size}_processor", used, "us/entry"


def bench_proofs(log: Log, store: Store) -> Figures:
    """What one core gives: proofs from stored nodes anywhere in the ledger and near its end, and whole receipts."""
    head, chance = log.head(), random.Random(5)  # noqa: S311 - no secret
    assert head is not None
    tiles = Tiles(store.tile)
    edge = merkle.edge(head.size, tiles.node)
    for name, span in (("anywhere", head.size), ("recent", 10_000)):
        places = [head.size - 1 - chance.randrange(span) for _ in range(_PROOFS)]
        begun = process_time()
        for place in places:
            merkle.path(place, head.size, tiles.node, edge)
        yield f"ledger_proofs_{name}", _PROOFS / (process_time() - begun), "proofs/s"
    ids = [entry.id for entry in log.read(head.size - _RECEIPTS - 1, _RECEIPTS)]
    begun = process_time()
    for id in ids:
        assert log.receipt(id)
    yield "ledger_receipts", len(ids) / (process_time() - begun), "receipts/s"


def main() -> None:
    """Print the figures."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    with tempfile.TemporaryDirectory() as folder:
        race = Race(Path(folder))
        for figures in (bench_append(race, entries), bench_proofs(race.engine.log, race.engine.store)):
            for name, value, unit in figures:
                print(name, f"{value:.4g}" if value < 10 else f"{value:.1f}", unit, flush=True)


if __name__ == "__main__":
    main()
