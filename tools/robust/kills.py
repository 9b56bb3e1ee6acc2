"""Gateway and broker killed at random moments under load: nothing receipted is lost, nothing settles twice.

    python -m tools.robust.kills [KILLS [SEED]]

Four meters send until they have a receipt for each certificate. SIGKILL hits the gateway and its broker, or the
broker alone; now and then a gateway that is still starting. Prints ``name value unit`` lines.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.state.proposals import due
from blockchain_iface.verify import verify
from firmware.wire import cose
from gateway.adapters import keystore
from gateway.site import now
from hil.bench import books
from hil.bench.processes import Child, Failed, stop
from tools.loadtest import fleet
from tools.loadtest.fleet import INTERVAL_S, SITE, Fleet
from tools.loadtest.subject import ROOT
from tools.robust.stubborn import Stubborn

KILLS, SEED = 200, 1
_METERS = 4
_EACH = 250
"""Certificates of a meter for each kill: more than can be sent between two."""
_PATIENCE_S = 60.0
_POLL_S = 0.005
_LONG_AFTER_S = 86_400


class Lost(Exception):
    """What must not happen, happened. The message says what."""


class Siege:
    """A gateway, and the meters before it. Failed if it does not come back from a kill.

    Attributes:
        recoveries: seconds from each kill to the next receipt that is news.
    """

    def __init__(self, ready: Fleet, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._site = ready.site
        root = ready.site.root
        self._gateway = Child("gateway", [sys.executable, "-m", "tools.cli", "gateway", "run", str(root)], root / "log", ROOT)
        broker, key = ready.site.settings().broker, keystore.load(ready.site.keys).public
        contexts = [meter.context(ready.site.door.ca) for meter in ready.meters]
        self.meters = [
            Stubborn(meter, context, broker.near, broker.port, key)
            for meter, context in zip(ready.meters, contexts, strict=True)
        ]
        self.recoveries: list[float] = []

    @property
    def receipts(self) -> int:
        """What all meters have, together."""
        return sum(len(meter.receipts) for meter in self.meters)

    def run(self, kills: int) -> None:
        """Kill ``kills`` times, then let the gateway come up once more and end in order."""
        for meter in self.meters:
            meter.start()
        try:
            self._gateway.start()
            self._receipted()
            for _ in range(kills):
                self._kill()
        finally:
            for meter in self.meters:
                meter.stop()
            stop([self._gateway], _PATIENCE_S)

    def _kill(self) -> None:
        broker = self._broker()
        at, before = time.monotonic(), self.receipts
        if broker is not None and self._chance.random() < 0.3:
            os.kill(broker, signal.SIGKILL)
        else:
            self._gateway.kill()
            self._gateway.start()
            while self._chance.random() < 0.2:
                time.sleep(self._chance.uniform(0, 1))
                self._gateway.kill()
                self._gateway.start()
        self._receipted(before)
        self.recoveries.append(time.monotonic() - at)
        time.sleep(self._chance.uniform(0, 0.5))

    def _broker(self) -> int | None:
        """The broker's process, if it is a child of our gateway, and not of one that is gone."""
        try:
            pid = int(json.loads(self._site.running.read_text())["broker"]["pid"])
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            return None
        return pid if parent == self._gateway.pid else None

    def _receipted(self, before: int = 0) -> None:
        """Wait for a receipt that is news."""
        until = time.monotonic() + _PATIENCE_S
        while self.receipts <= before:
            self._gateway.check()
            if time.monotonic() > until:
                raise Failed(f"no receipt within {_PATIENCE_S:.0f} s")
            if all(meter.done for meter in self.meters):
                raise Failed("the meters have nothing left to send")
            time.sleep(_POLL_S)


def check(ready: Fleet, siege: Siege) -> int:
    """Compare what the meters have with what is on the ledger, verified whole; how many intervals are settled. Lost."""
    _settle(ready)
    archive = Archive(ready.site.ledger)
    verify(archive, keystore.load(ready.site.keys).public)
    entries = list(archive.entries())
    complaints = [complaint for meter in siege.meters for complaint in meter.contradictions]
    known = {entry.id for entry in entries}
    for meter in siege.meters:
        numbers = [number for number in meter.receipts if cose.parse(meter.meter.certificates[number - 1]).id not in known]
        complaints += [f"{meter.meter.name} {number}: receipted, and not on the ledger" for number in numbers]
    ours = books.read(entries)
    for name, chain in ours.chains.items():
        settled, certified = ours.settled_wh(name), _certified_wh(chain)
        if chain.repeated or settled != certified:
            complaints.append(f"{name}: {chain.repeated} repeated, settled {settled} Wh, certified {certified} Wh")
    if ours.balance_error:
        complaints.append(f"the balances are {ours.balance_error} micro-tokens off")
    if complaints:
        raise Lost("; ".join(complaints))
    return len(ours.settlements) + ours.revisions


def _certified_wh(chain: books.Chain) -> int:
    """In the intervals that the meter has certified from end to end: the others are settled without it."""
    seconds, energy = Counter[int](), Counter[int]()
    for one in chain.certificates.values():
        seconds[one.t0 // INTERVAL_S] += one.end - one.t0
        energy[one.t0 // INTERVAL_S] += sum(one.closing) - sum(one.opening)
    return sum(energy[place] for place, known in seconds.items() if known == INTERVAL_S)


def _settle(ready: Fleet) -> None:
    """Write what the gateway would have written next, had it not been told to end: all that is certified is settled."""
    key, at = keystore.load(ready.site.keys), now() + _LONG_AFTER_S
    ledger = EmbeddedLedger(ready.site.ledger, key, SITE)
    while proposal := due(ledger.state, at, 0):
        ledger.submit([cose.sign(key, SITE, *entry) for entry in proposal.entries], at)
    ledger.close()


def besiege(folder: Path, kills: int, seed: int) -> list[str]:
    """The campaign's figures. Lost, or Failed."""
    ready = fleet.commission(folder / "site", _METERS, _EACH * kills, lambda *_: None)
    siege = Siege(ready, seed)
    siege.run(kills)
    settlements = check(ready, siege)
    return [
        f"kills {kills} kills",
        f"kills_receipts {siege.receipts} certificates",
        "kills_receipted_and_lost 0 certificates",
        f"kills_settlements {settlements} settlements",
        "kills_settled_twice 0 settlements",
        f"kills_recovery_p50 {median(siege.recoveries):.2f} s",
        f"kills_recovery_longest {max(siege.recoveries):.2f} s",
    ]


def main(kills: int = KILLS, seed: int = SEED) -> int:
    """Run the campaign and print its figures; the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(*besiege(Path(folder), kills, seed), sep="\n")
        except (Lost, Failed) as error:
            print(f"{error}\nagain: python -m tools.robust.kills {kills} {seed}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
