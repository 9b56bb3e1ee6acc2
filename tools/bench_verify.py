"""What verifying a ledger costs, beside what its signatures alone cost in ``cryptography`` in the same run.

    python -m tools.bench_verify [ENTRIES]

Prints ``name value unit`` lines. The ledger is lifelike (big_ledger), and 100,000 entries long unless told otherwise. The first
ratio is of the verifying process's own processor time: what the clock shows too where other cores are free to check signatures.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from blockchain_iface.archive import Archive
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Enrolment
from blockchain_iface.verify import verify
from firmware.wire import cose, enrolment, receipt
from tools import big_ledger

Signature = tuple[bytes, bytes, bytes]


def signatures(archive: Archive) -> Iterator[Signature]:
    """(digest, signature, public key) of everything that is signed in a ledger: entries, requests in them, blocks and heads."""
    genesis = cose.parse(archive.genesis().data)
    centre = big_ledger.centre()
    keys = {centre.kid: centre.public}
    for entry in archive.entries():
        statement = cose.parse(entry.data)
        if statement.type == Enrolment.TYPE:
            request = cose.parse(Enrolment.decode(statement.payload).request)
            keys[request.kid] = enrolment.public_of(request)
            yield request.id, request.signature, keys[request.kid]
        yield statement.id, statement.signature, keys[statement.kid]
    for stored in archive.blocks():
        statement = cose.parse(stored.data)
        yield statement.id, statement.signature, centre.public
        root = stored.head().root
        yield receipt.head_digest(centre.kid, genesis.issuer, root), stored.head_signature, centre.public


def check_alone(checks: list[Signature]) -> None:
    """Check them one after the other, without remembering any."""
    verifier = Verifier()
    for check in checks:
        assert verifier.checks(*check)


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds that ``work`` takes, by the clock, and of this process's own processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def main(entries: int) -> None:
    """Build, verify, compare."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.sqlite"
        big_ledger.build(path, entries)
        archive = Archive(path)
        checks = list(signatures(archive))
        count = archive.count()
        before = spent(lambda: check_alone(checks))
        taken, own = spent(lambda: verify(archive))
        after = spent(lambda: check_alone(checks))
    alone, processor = ((first + second) / 2 for first, second in zip(before, after, strict=True))
    print(f"ledger_verify_entries {count} count")
    print(f"ledger_verify_signatures {len(checks)} count")
    print(f"ledger_verify_signatures_alone {alone:.2f} s")
    print(f"ledger_verify {taken:.2f} s")
    print(f"ledger_verify_rate {count / taken:.0f} entries/s")
    print(f"ledger_verify_processor_ratio {own / processor:.2f} ratio")
    print(f"ledger_verify_ratio {taken / alone:.2f} ratio")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
