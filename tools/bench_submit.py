"""The whole road of an entry into the embedded engine: parsed, its signature checked, judged, written, batch by batch.

    python -m tools.bench_submit [ENTRIES]

Prints ``name value unit`` lines. The entries are those of a lifelike ledger (big_ledger), in batches of 100.
"""

import sys
import tempfile
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from tools import big_ledger

ENTRIES, BATCH = 10_000, 100


def main(entries: int) -> None:
    """Build a ledger, and submit what is on it to an empty one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "from.sqlite"
        big_ledger.build(path, entries)
        source = (entry.data for entry in Archive(path).entries())
        batches = list(iter(lambda: list(islice(source, BATCH)), []))
        ledger = EmbeddedLedger(Path(folder) / "to.sqlite", big_ledger.centre(), big_ledger.SITE)
        begun, used = perf_counter(), process_time()
        ids = [id for batch in batches for id in ledger.submit(batch, big_ledger.START)]
        wall, used = perf_counter() - begun, process_time() - used
    print(f"ledger_submit {len(ids) / wall:.0f} entries/s")
    print(f"ledger_submit_processor {used / len(ids) * 1e6:.1f} us/entry")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES)
