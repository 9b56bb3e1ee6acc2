"""The worker: the one thread that touches the shadow centre.

It takes up to 1,000 messages or 30 ms, has them committed, publishes the receipts and only then acknowledges; four times a
second it looks at the inboxes, settles, and renews the picture.
"""

import gc
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import TypeVar

import structlog

from blockchain_iface.engines.opening import Engine, open_ledger
from blockchain_iface.ledger import Rejected, Unavailable
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.happenings import Settled

from . import happenings
from .adapters import files, keystore, machine
from .adapters.broker import Broker
from .adapters.mqtt import Link
from .core.centre import MOST_PROPOSALS, NotBegun, Publish, ShadowCentre
from .core.discovery import Discovery
from .core.own_clock import uncertainty_ms
from .core.refusal import Refused
from .core.view import View
from .inboxes import Inboxes
from .monitoring.vitals import Vitals
from .restoring import hear
from .site import Site, now
from .standby import Standby
from .systemd import notify
from .trouble import Trouble

_log = structlog.get_logger()
_BATCH = 1000
_BATCH_S = 0.03
_TICK_S = 0.25
_RENEWAL_S = 3600.0
_PATIENCE_S = 0.5
_FEW_PROPOSALS = 4
_ALLOCATIONS = 50_000
T = TypeVar("T")


class Worker:
    """The thread that does the shadow centre's work."""

    def __init__(self, site: Site, broker: Broker, link: Link, engine: Engine, vitals: Vitals) -> None:
        settings = site.settings()
        signer = keystore.load(site.keys)
        verifier = Verifier(ThreadPoolExecutor(os.cpu_count(), "verify"))
        self._site = site
        self._broker = broker
        self._link = link
        self._vitals = vitals
        second = Path(settings.standby.directory) if settings.standby else None
        self._standby = Standby(site, second) if second else None
        self._discovery = Discovery(settings.site) if settings.home_assistant.enabled else None
        self._ledger = open_ledger(engine, site.root, signer, settings.site, verifier, second)
        genesis, ledger, deadline = site.genesis(signer.public), self._ledger, settings.deadline_s
        try:
            self._centre = _begun(lambda: ShadowCentre(ledger, signer, settings.site, genesis, deadline, verifier, now()))
        except BaseException:
            ledger.close()
            raise
        self._numbers = site.numbers
        self._centre.commands.newest = self._numbers.spent()
        self._inboxes = Inboxes(site, self._centre)
        self._view = self._centre.view(now(), {}, "")
        self._dashboard: str | None = None
        self._announced: tuple[str | None, int | None] = (None, None)
        self._next_tick = self._next_renewal = 0.0
        self._renewed_after = 0
        self._is_busy = False
        self._clock_error: float | None = None
        self._no_ledger = Trouble("the ledger takes nothing, trying again", "the ledger takes entries again")
        self._no_time = Trouble(
            "the clock has leapt, and nothing keeps it right: no meter is told the time", "meters are told the time again"
        )
        self._no_files = Trouble(
            "the site's files cannot be read or written, trying again: see the disk and its rights",
            "the site's files are well again",
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="worker")
        self.failure: BaseException | None = None

    def view(self) -> View:
        """The newest picture."""
        return self._view

    def dashboard_ready(self, address: str) -> None:
        """The dashboard answers at ``address``: everything is loaded."""
        # what is here stays, and each block keeps much: collecting as often as usual took a tenth of the worker's time
        gc.collect()
        gc.freeze()
        gc.set_threshold(_ALLOCATIONS, 20, 20)
        self._dashboard = address

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in hand, and close the ledger."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._tell()
        self._ledger.close()

    def _work(self) -> None:
        try:
            if self._site.restored.exists():
                hear(self._site, self._view, self._link, self._vitals, self._waits)
            while not self._stopping.is_set():
                self._vitals.beat()
                # the tick first: who is enrolled at the start is not refused at the start
                if time.monotonic() >= self._next_tick:
                    self._next_tick = time.monotonic() + _TICK_S
                    self._tick()
                self._messages()
        except BaseException as error:
            # whatever this is, going on could make it worse; the meters keep their certificates
            self.failure = error
            os.kill(os.getpid(), signal.SIGTERM)
            _log.exception("the gateway stops")

    def _waits(self) -> bool:
        """Show that we are there, though not at work yet: whether to go on waiting."""
        self._vitals.beat()
        self._vitals.linked(self._link.connected)
        self._announce()
        return not self._stopping.is_set()

    def _messages(self) -> None:
        deliveries = self._link.take(_BATCH, _BATCH_S)
        self._is_busy = bool(deliveries)
        if not deliveries:
            return
        told = self._discovery
        batch = [delivery.message for delivery in deliveries if told is None or not told.hears(delivery.message)]
        self._vitals.hold(deliveries[0].arrived)
        outgoing = self._patiently(lambda: self._centre.on_messages(batch, now()))
        if outgoing is not None:
            self._link.answer([*outgoing, *self._times()], deliveries)
            self._vitals.answered(delivery.arrived for delivery in deliveries if delivery.message.is_signed)
            self._vitals.hold(None)

    def _times(self) -> list[Publish]:
        """The answers to who has asked for the time, unless ours is in doubt: who certifies the future has to wait for it."""
        self._vitals.beat()
        answers = self._centre.tell_time(time.time_ns() // 1_000_000, uncertainty_ms(self._clock_error))
        if self._vitals.has_leapt:
            self._no_time.goes_on("see which time is right; restart the gateway if it is this one")
            return []
        self._no_time.ends()
        return answers

    def _patiently(self, step: Callable[[], T]) -> T | None:
        """``step``, again and again while the ledger is unavailable; None if we stop first."""
        while True:
            try:
                result = step()
            except Unavailable as error:
                self._no_ledger.goes_on(error)
            else:
                self._no_ledger.ends()
                return result
            self._vitals.beat()
            self._link.keep_alive()
            if self._stopping.wait(_PATIENCE_S):
                return None

    def _paperwork(self) -> None:
        """What people have left and what they are told, in the site's files: a disk that fails is no reason not to meter."""
        try:
            self._patiently(self._inboxes.take)
            self._inboxes.tell_updates()
            self._inboxes.end_commands()
            self._numbers.keep(self._centre.commands.newest)
            if time.monotonic() >= self._next_renewal or self._renewed_after != self._vitals.steps:
                self._renew()
            if self._standby is not None:
                self._standby.refresh()
                self._vitals.standby_age_s = self._standby.age_s
            self._announce()
        except OSError as error:
            self._no_files.goes_on(error)
        else:
            self._no_files.ends()

    def _renew(self) -> None:
        """Every hour, and after each step of the clock: a list of the revoked from the future would shut everybody out."""
        self._renewed_after = self._vitals.steps
        self._site.renew_door()
        for meter, days in self._site.door.ending(now()).items():
            _log.warning("a meter's certificate ends: enrol it again, with a new token", meter=meter, days=days)
        self._next_renewal = time.monotonic() + _RENEWAL_S

    def _look_at_clock(self) -> None:
        before, self._clock_error = self._clock_error, machine.clock_error_s()
        if self._clock_error == inf != before:
            admitted = uncertainty_ms(self._clock_error)
            _log.warning("nothing keeps this computer's clock right, and the meters are told so", uncertainty_ms=admitted)

    def _tick(self) -> None:
        self._look_at_clock()
        self._paperwork()
        # each is a block of its own: who waits for a receipt does not wait for all that is settled late
        most = _FEW_PROPOSALS if self._is_busy else MOST_PROPOSALS
        try:
            self._link.answer(self._patiently(lambda: self._centre.on_tick(now(), most)) or ())
        except Rejected as error:
            # metering goes on; what could not be settled stays open and is tried again
            _log.error("the ledger refuses an entry of our own: please report this", error=str(error))
        self._broker.refresh()
        self._vitals.linked(self._link.connected)
        self._vitals.queues = self._link.queues
        self._vitals.awaits(self._centre.awaited)
        link = "connected" if self._link.connected else "not connected"
        before, self._view = self._view, self._centre.view(now(), self._inboxes.names, f"{self._broker.kind}, {link}")
        _report(before, self._view, self._centre.newest_refusals)
        if self._discovery is not None:
            self._introduce(self._discovery)
        self._tell()

    def _tell(self) -> None:
        for happening in self._ledger.happened():
            happenings.log(happening)
            self._vitals.settlements += isinstance(happening, Settled)

    def _introduce(self, discovery: Discovery) -> None:
        if self._link.connected:
            self._link.answer(discovery.due(self._view))
        else:
            discovery.again()

    def _announce(self) -> None:
        """Write gateway.json once everything answers, and again when the broker has a new process."""
        current = self._dashboard, self._broker.pid
        if None in current or current == self._announced or not self._link.connected:
            return
        settings = self._site.settings()
        document = {
            "site": settings.site,
            "pid": os.getpid(),
            "broker": {
                "kind": self._broker.kind,
                "host": settings.broker.near,
                "port": settings.broker.port,
                "pid": self._broker.pid,
            },
            "dashboard": self._dashboard,
        }
        files.write(self._site.running, json.dumps(document, indent=2).encode())
        notify.tell(notify.READY)
        self._announced = current


def _begun(open_for_business: Callable[[], ShadowCentre]) -> ShadowCentre:
    """The shadow centre, as soon as its first entry is final: once in a site's life that may need others."""
    trouble = ""
    while True:
        try:
            return open_for_business()
        except NotBegun as error:
            if str(error) != trouble:
                _log.info("waiting", reason=str(error))
            trouble = str(error)
        time.sleep(_PATIENCE_S)


def _report(before: View, after: View, newest: Mapping[str, Refused]) -> None:
    """One line for each reason of new refusals, and for each new warning."""
    for reason, count in after.refusals.items():
        if count > before.refusals.get(reason, 0):
            last = newest[reason]
            _log.warning("refused", reason=reason, so_far=count, meter=last.meter, detail=last.detail)
    warned = {(meter.meter, warning) for meter in before.meters for warning in meter.warnings}
    for meter in after.meters:
        for warning in meter.warnings:
            if (meter.meter, warning) not in warned:
                _log.warning("a meter needs somebody", meter=meter.meter, reason=warning, **asdict(meter.hygiene))
