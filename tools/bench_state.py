"""What a certificate costs the state machine, and how soon a long ledger is open: `python -m tools.bench_state [ENTRIES]`.

Signatures are believed, for other benches measure them; all else is as in the gateway: bodies are read once, at admission.
"""

import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.signatures import Verifier
from blockchain_iface.state import proof, stored
from blockchain_iface.state.entries import Enrolment, Genesis
from blockchain_iface.state.machine import Machine
from blockchain_iface.state.records import Tariff
from firmware.wire import cbor, certificate, clock, cose, enrolment, es256
from firmware.wire.certificate import Certificate

ENTRIES = 1_000_000
_SITE = "isle"
_METERS = 100
_INTERVAL = 900
_T0 = 1_800_000_000
_BATCH = 100
_PROOFS = 2000
_TARIFF = Tariff(((0, 200_000),), 50_000, 80_000, 300_000, 350_000, 700_000, 1_300_000, 1_200_000, 0, 0, 0)
_SIGNATURE = (bytes(31) + b"\x01") * 2
_CENTRE = es256.SoftwareSigner((1).to_bytes(32, "big"))
_SIGNERS = [es256.SoftwareSigner((number + 2).to_bytes(32, "big")) for number in range(_METERS)]


class Believer(Verifier):
    """Takes every signature for true."""

    def signed(self, digest: bytes, signature: bytes, public: bytes) -> bool:  # noqa: ARG002
        """True."""
        return True


def beginning() -> list[bytes]:
    """Genesis and enrolments."""
    rules = Genesis(_CENTRE.public, _INTERVAL, _TARIFF)
    entries = [cose.sign(_CENTRE, _SITE, _SITE, rules.TYPE, rules.encode())]
    for number, signer in enumerate(_SIGNERS):
        entry = Enrolment("load", enrolment.request(signer, _SITE, f"meter-{number}"))
        entries.append(cose.sign(_CENTRE, _SITE, f"meter-{number}", entry.TYPE, entry.encode()))
    return entries


def certificates() -> Iterator[bytes]:
    """One of each meter for each interval, for ever."""
    previous: list[bytes | None] = [None] * _METERS
    quality = clock.ClockQuality(clock.HOST, 100, 0)
    seq = 0
    while True:
        seq += 1
        start, registers = _T0 + (seq - 1) * _INTERVAL, (3 * seq - 3, 0)
        row = (3, 0, 12, 2300, 0, None, 0)
        for number, signer in enumerate(_SIGNERS):
            body = Certificate(
                seq, 1, previous[number], quality, start, _INTERVAL, registers, [row], (registers[0] + 3, 0), 0
            ).encode()
            claims = {cose.ISSUER: _SITE, cose.SUBJECT: f"meter-{number}"}
            header = {cose.ALG: cose.ES256, cose.KID: signer.kid, cose.CWT_CLAIMS: claims, cose.TYPE: certificate.TYPE}
            protected = cbor.encode(header)
            previous[number] = cose.digest(protected, body)
            yield cbor.encode(cbor.Tagged(18, [protected, {}, body, _SIGNATURE]))


def bench_machine(folder: Path) -> Iterator[tuple[str, float, str]]:
    """Microseconds of processor time a certificate, each step apart, in blocks of 100 on a ledger file."""
    db, verifier = sqlite3.connect(folder / "machine.sqlite", isolation_level=None), Believer()
    db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {stored.SCHEMA}")
    machine = Machine(verifier, stored.StoredState(lambda query, values: db.execute(query, values).fetchall()))
    spent = dict.fromkeys(("read", "apply", "seal", "write"), 0.0)
    source = certificates()
    rounds = 40
    for height in range(rounds + 1):
        batch = list(islice(source, _BATCH)) if height else beginning()
        begun = process_time()
        statements = [verifier.parse(data) for data in batch]
        if height:
            for statement in statements:
                verifier.body(statement, certificate.decode)
        read = process_time()
        for statement in statements:
            machine.apply(statement)
            machine.keep()
        applied = process_time()
        sealed = machine.seal(height)
        done = process_time()
        db.execute("BEGIN")
        stored.write(db, sealed)
        db.execute("COMMIT")
        written = process_time()
        machine.commit()
        if height:
            for step, seconds in zip(spent, (read - begun, applied - read, done - applied, written - done), strict=True):
                spent[step] += seconds
    db.close()
    for step, seconds in spent.items():
        yield f"state_{step}", seconds / (rounds * _BATCH) * 1e6, "us"


def bench_opening(folder: Path, entries: int) -> Iterator[tuple[str, float, str]]:
    """How long it takes to open a ledger of so many entries and to take the next certificate, and what a proof takes."""
    path, source = folder / "ledger.sqlite", certificates()
    ledger = EmbeddedLedger(path, _CENTRE, _SITE, Believer())
    ledger.submit(beginning(), _T0)
    begun = perf_counter()
    for _ in range(entries // 1000):
        ledger.submit(list(islice(source, 1000)), _T0)
    yield "state_fill", entries / (perf_counter() - begun), "entries/s"
    ledger.close()
    begun = perf_counter()
    ledger = EmbeddedLedger(path, _CENTRE, _SITE, Believer())
    yield f"state_open_{entries}_entries", (perf_counter() - begun) * 1e3, "ms"
    ledger.submit(list(islice(source, 1)), _T0)
    yield f"state_first_entry_after_{entries}", (perf_counter() - begun) * 1e3, "ms"
    ledger.close()
    backing = Archive(path).state()
    begun = perf_counter()
    for number in range(_PROOFS):
        place = f"meter-{number % _METERS}", 1 + number * (entries // _METERS - 1) // _PROOFS
        assert proof.prove_state(backing, _SITE, "certificates", place) is not None
    yield "state_proofs", _PROOFS / (perf_counter() - begun), "proofs/s"
    yield f"state_file_{entries}_entries", path.stat().st_size / entries, "bytes/entry"


def main() -> None:
    """Print the figures."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    with tempfile.TemporaryDirectory() as folder:
        for figures in (bench_machine(Path(folder)), bench_opening(Path(folder), entries)):
            for figure, value, unit in figures:
                print(figure, f"{value:.1f}", unit, flush=True)


if __name__ == "__main__":
    main()
