"""The life of the application itself: alive, on trial, in safe mode, replaced. The asyncio shell of supervisor and update."""

import asyncio

from ..boot import SLOTS, Record
from ..version import VERSION
from ..wire import event, mqtt, topics
from ..wire.fields import WireError
from .progress import Progress
from .slots import Slot
from .supervisor import Restart, Supervisor
from .unhurried import unhurried
from .update import FETCHING, IDLE, VERIFIED, Update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board, Watchdog
    from .config import Config
    from .journal import Journal
    from .mqtt_link import MqttLink

_BEAT_S = 1
_BUSY_S, _IDLE_S = 0.003, 0.5
_MAX_TEXT = 96
_MOST = 4  # manifests that wait to be looked at


class Life:
    """What keeps a meter alive, and current.

    Attributes:
        progress: to be told of all local progress.
        safe: whether only network, commands and update may run.
        reason: why the meter has started.
        chunk_topic: on which pieces of an update come.
    """

    def __init__(self, config: "Config", board: "Board", folder: str, watchdog: "Watchdog", journal: "Journal") -> None:
        """``folder``: where the boot selector keeps record and slots; "" if none has started us, and nothing can be updated."""
        self._clock = board.clock
        self._journal = journal
        self._record = record = Record(folder) if folder else None
        self.safe = record is not None and record.safe
        self.reason = (record.reason if record is not None else "") or board.reset_reason()
        now = self._clock.ticks_ms()
        self.progress = Progress(now, config.poll_ms, config.interval_s)
        self._supervisor = Supervisor(record, self.progress, watchdog, now)
        self._offers: list[bytes] = []
        self._telling = False
        self._news = f"version {record.version} {record.result}" if record is not None and record.version else ""
        self._update: Update | None = None
        if record is not None:
            slot = Slot(folder, SLOTS[record.running == SLOTS[0]])
            trust = config.site, board.target, config.gateway_key
            self._update = Update(record, slot, trust, VERSION, self._report)
        self.chunk_topic = topics.down(config.site, config.meter, "chunk")
        self._wants = topics.up(config.site, config.meter, "want")

    @property
    def updating(self) -> bool:
        """Whether another version is being fetched, or is on trial."""
        return self._update is not None and (self._update.state != IDLE or bool(self._record and self._record.trial))

    def state(self) -> "dict[str, object]":
        """What ``up/state`` says of the application; keys as in the house's DESIGN.md."""
        return {"version": VERSION, "safe": self.safe, "reset": self.reason[:_MAX_TEXT], "update": self._news}

    def offer(self, manifest: bytes) -> None:
        """Take the manifest of an update, to be looked at soon: an event says what became of it. WireError if nobody can."""
        if self._update is None:
            raise WireError("no boot selector has started this meter: it takes no updates")
        if len(self._offers) == _MOST:
            raise WireError("too many updates at once")
        self._offers.append(manifest)

    def take_chunk(self, payload: bytes) -> None:
        """Take what came on ``chunk_topic``. WireError if it was no chunk."""
        if self._update is None:
            return
        try:
            self._update.take_chunk(payload, self._clock.ticks_ms())
        except OSError as error:
            self._update.fail(str(error))

    async def watch(self) -> None:
        """Feed the watchdog with progress. Never returns; raises Restart when a task has come to a stop or a trial failed."""
        if self._record is not None:
            self._journal.log(f"version {VERSION} slot {self._record.running or 'factory'} after: {self.reason}")
            if self.safe:
                self._journal.log(f"safe mode: start {self._record.boots} without progress")
        while True:
            now = self._clock.ticks_ms()
            if self.safe:
                # the tasks that make progress do not run
                self.progress.tried(False)
                self.progress.looked()
            try:
                self._supervisor.tick(now)
                if self._record is not None and not self._record.told:
                    self._tell(self._record)
            except OSError as error:
                self._journal.log(f"the boot selector's record was not kept: {error}")
            await asyncio.sleep(_BEAT_S)

    def _tell(self, record: Record) -> None:
        """Make an event of what became of the trial. A power cut before it is kept gives it twice, never none."""
        if not self._telling:
            self._telling = True
            self._report(record.version, record.result)
        elif not self._journal.events.waiting:
            self._telling = False
            record.told = True
            record.save()

    async def renew(self, link: "MqttLink") -> None:
        """Fetch what is offered. Returns at once if there are no slots; raises Restart to try a new version."""
        if self._update is None:
            return
        await unhurried(self._update.resume_steps())
        while True:
            try:
                await self._step(self._update, link)
            except (OSError, MemoryError) as error:
                # metering goes on; the gateway sees what became of its offer
                self._update.fail(f"{type(error).__name__}: {error}")
            await asyncio.sleep(_BUSY_S if self._update.state == FETCHING else _IDLE_S)

    async def _step(self, update: Update, link: "MqttLink") -> None:
        if self._offers:
            await unhurried(update.offer_steps(self._offers.pop(0)))
        if self._journal.events.waiting:
            return  # first it is on the flash that the update was accepted
        wanted = update.step(self._clock.ticks_ms()) if link.connected else None
        if wanted is not None:
            try:
                await link.publish(mqtt.Message(self._wants, wanted))
            except OSError:
                return  # asked again
        if update.state == VERIFIED:
            update.activate()
            raise Restart(f"update: {self._news}")

    def _report(self, version: int, result: str) -> None:
        self._news = (f"version {version} {result}" if version else result)[:_MAX_TEXT]
        self._journal.log(f"update: {self._news}")
        self._journal.record(event.UPDATE, {1: version, 2: result[:_MAX_TEXT]})
