"""A gateway as people run it, and stubborn meters before it: what it does to them is compared with its ledger in the end."""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from blockchain_iface.archive import Archive
from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.state.proposals import due
from blockchain_iface.verify import verify
from firmware.wire import cose
from gateway.adapters import keystore
from gateway.site import Site, now
from hil.bench import books
from hil.bench.processes import Child, Failed, stop
from tools.loadtest.fleet import INTERVAL_S, SITE, Fleet
from tools.loadtest.subject import ROOT
from tools.robust.stubborn import Stubborn

_PATIENCE_S = 60.0
_POLL_S = 0.005
_LONG_AFTER_S = 86_400


class Lost(Exception):
    """What must not happen, happened. The message says what."""


class Stand:
    """Within its context the meters send. Failed if the gateway does not do what it should."""

    def __init__(self, ready: Fleet, skerry: Sequence[str] = (sys.executable, "-m", "tools.cli")) -> None:
        """``skerry``: the beginning of the command that runs the gateway."""
        root = ready.site.root
        self.site, self.log = ready.site, root / "log"
        self.gateway = Child("gateway", [*skerry, "gateway", "run", str(root)], self.log, ROOT)
        broker, key = ready.site.settings().broker, keystore.load(ready.site.keys).public
        contexts = [meter.context(ready.site.door.ca) for meter in ready.meters]
        self.meters = [
            Stubborn(meter, context, broker.near, broker.port, key)
            for meter, context in zip(ready.meters, contexts, strict=True)
        ]

    def __enter__(self) -> "Stand":
        for meter in self.meters:
            meter.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        for meter in self.meters:
            meter.stop()
        stop([self.gateway], _PATIENCE_S)

    @property
    def receipts(self) -> int:
        """What all meters have, together."""
        return sum(len(meter.receipts) for meter in self.meters)

    @property
    def broker(self) -> int | None:
        """The broker's process, if it is a child of our gateway, and not of one that is gone."""
        try:
            pid = int(json.loads(self.site.running.read_text())["broker"]["pid"])
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            return None
        return pid if parent == self.gateway.pid else None

    def receipted(self, before: int = 0) -> None:
        """Wait until the meters have more than ``before`` receipts."""
        until = time.monotonic() + _PATIENCE_S
        while self.receipts <= before:
            self.gateway.check()
            if time.monotonic() > until:
                raise Failed(f"no receipt within {_PATIENCE_S:.0f} s")
            if all(meter.done for meter in self.meters):
                raise Failed("the meters have nothing left to send")
            time.sleep(_POLL_S)


def check(stand: Stand) -> int:
    """Compare what the meters have with what is on the ledger, verified whole; how many settlements there are. Lost."""
    _settle(stand.site)
    archive = Archive(stand.site.ledger)
    verify(archive, keystore.load(stand.site.keys).public)
    entries = list(archive.entries())
    archive.close()
    complaints = [complaint for meter in stand.meters for complaint in meter.contradictions]
    known = {entry.id for entry in entries}
    for meter in stand.meters:
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


def _settle(site: Site) -> None:
    """Write what the gateway would have written next, had it not been told to end: all that is certified is settled."""
    key, at = keystore.load(site.keys), now() + _LONG_AFTER_S
    ledger = EmbeddedLedger(site.ledger, key, SITE)
    while proposal := due(ledger.state, at, 0):
        ledger.submit([cose.sign(key, SITE, *entry) for entry in proposal.entries], at)
    ledger.close()
