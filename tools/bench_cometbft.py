"""The cometbft engine with four validators on this machine, each a process with its node: finality and throughput.

    python -m tools.bench_cometbft

Prints ``name value unit`` lines. Finality is from ``submit`` of one certificate to its being readable on the submitting copy;
throughput, from the first of many batches of 100 submitted at once to the last one's finality on the submitting copy.
"""

import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from blockchain_iface.cometbft import network
from blockchain_iface.engines.cometbft import HOME, CometLedger
from blockchain_iface.signatures import KeySigner
from blockchain_iface.state.entries import Enrolment, Genesis
from firmware.wire import cose
from gateway.adapters.broker import free_port
from tools import big_ledger

VALIDATORS, SAMPLES, BATCHES, BATCH = 4, 100, 50, 100


def key(number: int) -> KeySigner:
    """The shadow centre's key of validator ``number``; the first one's is that of the big ledger."""
    return big_ledger.centre() if number == 0 else KeySigner(ec.derive_private_key(7_000_000 + number, ec.SECP256R1()))


def name(number: int) -> str:
    """The site of validator ``number``."""
    return big_ledger.SITE if number == 0 else f"{big_ledger.SITE}-{number}"


def serve(root: Path, number: int) -> None:
    """Be a validator until our input ends."""
    ledger = CometLedger(root / name(number), key(number), name(number))
    sys.stdin.read()
    ledger.close()


def final(ledger: CometLedger, entries: list[bytes]) -> float:
    """Submit a batch, wait until it is final; the seconds that took."""
    begun = time.perf_counter()
    ids = ledger.submit(entries, int(time.time()))
    while not all(ledger.get(id) for id in ids[-1:]):
        time.sleep(0.002)
    return time.perf_counter() - begun


def measure(ledger: CometLedger) -> None:
    """Begin the ledger, and print the figures."""
    centre, meter, chance = key(0), big_ledger.Meter("home-1", "load", 4711), random.Random(1)  # noqa: S311 - no secret
    genesis = Genesis(centre.public, big_ledger.INTERVAL, big_ledger.TARIFF)
    enrolment = Enrolment("load", meter.request())
    for subject, type, payload in (("isle", genesis.TYPE, genesis.encode()), ("home-1", enrolment.TYPE, enrolment.encode())):
        final(ledger, [cose.sign(centre, big_ledger.SITE, subject, type, payload)])
    count = SAMPLES + BATCHES * BATCH
    times = range(big_ledger.START, big_ledger.START + count * big_ledger.INTERVAL, big_ledger.INTERVAL)
    certificates = [meter.certify(t0, chance, None) for t0 in times]
    waits = [1000 * final(ledger, [one]) for one in certificates[:SAMPLES]]
    cuts = statistics.quantiles(waits, n=100, method="inclusive")
    print(f"cometbft_finality_p50 {cuts[49]:.0f} ms")
    print(f"cometbft_finality_p99 {cuts[98]:.0f} ms")
    begun = time.perf_counter()
    rest = certificates[SAMPLES:]
    for first in range(0, len(rest) - BATCH, BATCH):
        ledger.submit(rest[first : first + BATCH], int(time.time()))
    final(ledger, rest[-BATCH:])
    print(f"cometbft_submit {len(rest) / (time.perf_counter() - begun):.0f} entries/s")


def main() -> None:
    """Start three validators, be the fourth, measure."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as others:
        root = Path(folder)
        members = [
            network.Member(name(number), key(number).public, root / name(number) / HOME, free_port(), free_port())
            for number in range(VALIDATORS)
        ]
        network.create(members, "bench", datetime.now(UTC))
        for number in range(1, VALIDATORS):
            command = [sys.executable, "-m", "tools.bench_cometbft", folder, str(number)]
            silent = subprocess.DEVNULL
            others.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=silent, stderr=silent))
        ledger = CometLedger(root / name(0), key(0), name(0))
        try:
            measure(ledger)
        finally:
            ledger.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        serve(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
