"""The inboxes: what people leave in a site's directory is taken once, done or refused, and its outcome told."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from blockchain_iface import document
from blockchain_iface.checkpoint import Checkpoint
from blockchain_iface.document import EvidenceError
from blockchain_iface.ledger import Rejected
from firmware.wire import cose

from .adapters import orders, releases
from .adapters.inbox import Inbox
from .adapters.orders import Approval, CommandOrder, CommissionOrder, Note, OrderError, ReadmitOrder, RevokeOrder
from .adapters.registry import RegistryError
from .adapters.registry_rows import Unit
from .adapters.releases import ReleaseError
from .approvals import Approvals
from .core import command_words
from .core.centre import ShadowCentre
from .core.command_words import WordsError
from .core.view import Outcome
from .reception import Reception
from .site import Site, now

_log = structlog.get_logger()


class Inboxes:
    """What people ask of the shadow centre. All calls come from the worker's thread."""

    def __init__(self, site: Site, centre: ShadowCentre) -> None:
        self._site = site
        self._centre = centre
        self._releases = site.updates
        self._outcomes = site.outcomes
        self._reception = Reception(site, centre)
        self._approvals = Approvals(site, centre.count)
        self._units: Mapping[str, Unit] = {}
        self._registry_read = (-1, -1, -1)
        self._sent: set[str] = set()
        self._resuming = list(self._outcomes.under_way())

    @property
    def names(self) -> dict[str, str]:
        """What people call the meters, as far as registry.json could be read."""
        return {meter: unit.name for meter, unit in self._units.items()}

    def take(self) -> None:
        """Take what is new. Unavailable: what could not be done yet lies there still."""
        self._resume_commands()
        for path, data in self._site.actions.waiting():
            self._take_note(path, data)
        requests = list(self._site.enrolments.waiting())
        # after the requests: whoever drops one has written the registry before
        self._read_registry()
        for path, data in requests:
            self._reception.take(path, data, self._units)
        for path, data in self._site.orders.waiting():
            self._take_order(path, data)
        self._approvals.expire()
        for path, data in self._site.checkpoints.waiting():
            self._take_checkpoint(path, data)
        for path, data in self._releases.news():
            self._take_release(path, data)

    def _read_registry(self) -> None:
        current = self._site.registry.version()
        if current != self._registry_read:
            self._registry_read = current
            try:
                self._units = self._site.registry.units()
            except RegistryError as error:
                _log.error("the names stay as they were", error=str(error))

    def _take_note(self, path: Path, data: bytes) -> None:
        try:
            self._centre.record_action(Note.parse(data).action(path.stem), now())
        except (OrderError, Rejected) as error:
            _refuse(self._site.actions, path, error, "an action is not recorded")
        else:
            self._site.actions.done(path)

    def _take_checkpoint(self, path: Path, data: bytes) -> None:
        try:
            self._centre.record_checkpoint(document.read(data, [Checkpoint]), now())
        except (EvidenceError, Rejected) as error:
            _refuse(self._site.checkpoints, path, error, "a cosigned checkpoint is not recorded")
        else:
            self._site.checkpoints.done(path)

    def _take_order(self, path: Path, data: bytes) -> None:
        """On record first: nothing that people order is done without."""
        try:
            order = orders.parse(data)
            self._centre.record_action(order.action(path.stem), now())
            if isinstance(order, CommandOrder):
                if self._holds(path, order):
                    return
                self._command(path.stem, order)
                self._approvals.note(order)
            elif isinstance(order, Approval):
                self._approve(order)
            elif isinstance(order, RevokeOrder):
                self._centre.register.revoke(order.meter, order.first, order.reason, now())
            elif isinstance(order, ReadmitOrder):
                self._centre.register.readmit(order.meter, order.reason, now())
            elif isinstance(order, CommissionOrder):
                self._centre.register.commission(order.acceptance.entry(), now())
            else:
                self._centre.order(order.entry(), now())
        except (OrderError, Rejected, WordsError) as error:
            _refuse(self._site.orders, path, error, "an order is refused")
        else:
            self._site.orders.done(path)
            _log.info(**order.model_dump(exclude={"order", "by"}), by=order.by.name, event=order.order)

    def _holds(self, path: Path, order: CommandOrder) -> bool:
        """Put the order aside if it takes a second person; what was signed before the gateway ended needs no other."""
        is_signed = path.stem in self._sent or self._outcomes.signed(path.stem) is not None
        if is_signed or not self._approvals.must_wait(order):
            return False
        _log.warning("an order waits for a second person", file=path.name, meter=order.meter, by=order.by.name)
        self._site.orders.hold(path)
        return True

    def _approve(self, approval: Approval) -> None:
        found = self._approvals.approved(approval)
        if found is not None:
            path, order = found
            self._command(path.stem, order)
            self._approvals.note(order)
            self._site.orders.done(path)

    def _command(self, name: str, order: CommandOrder) -> None:
        """Sign the command, once: its bytes are kept before the order is gone. From then on it is sent."""
        if name in self._sent:
            return
        data = self._outcomes.signed(name)
        if data is None:
            kind, arguments = command_words.parse(order.words, order.top_up)
            data = self._centre.command(order.meter, kind, arguments, now(), order.expires)
            self._outcomes.begin(name, data)
        self._send(name, data)

    def _send(self, name: str, data: bytes) -> None:
        try:
            self._centre.send_command(name, data, now())
        except Rejected as error:
            # a ledger from a backup may not know the meter yet
            self._outcomes.end(Outcome(name, cose.parse(data).subject, "failed", reason=error.reason))
        self._sent.add(name)

    def _resume_commands(self) -> None:
        """Go on with what was under way when the gateway ended."""
        while self._resuming:
            self._send(*self._resuming[0])
            self._resuming.pop(0)

    def end_commands(self) -> None:
        """Keep how commands have ended."""
        while self._centre.dispatch.outcomes:
            outcome = self._centre.dispatch.outcomes[0]
            self._outcomes.end(outcome)
            self._centre.dispatch.outcomes.pop(0)
            _log.info("answered", meter=outcome.meter, result=outcome.result, reason=outcome.reason, order=outcome.name)

    def _take_release(self, path: Path, data: bytes) -> None:
        try:
            self._centre.update(path.stem, releases.parse(data), now())
        except (ReleaseError, Rejected) as error:
            _refuse(self._releases, path, error, "an update is refused")

    def tell_updates(self) -> None:
        """Say what the meters have made of their updates."""
        news = self._centre.updates.news
        while news:
            one = news[0]
            path = self._releases.path(one.meter)
            if one.final and one.good:
                self._releases.done(path)
            elif one.final:
                self._releases.refuse(path, one.result)
            news.pop(0)
            _log.info("update", meter=one.meter, version=one.version, result=one.result)


def _refuse(inbox: Inbox, path: Path, error: Exception, what: str) -> None:
    reason = error.reason if isinstance(error, Rejected) else str(error)
    inbox.refuse(path, reason)
    _log.warning(what, file=path.name, reason=reason)
