"""The running meter: tasks around the core, one for each thing that may have to wait.

Signing and checking are long computations in steps; every task has its turn between any two steps.
"""

import asyncio
import json

from ..wire import command, mqtt, timesync, topics
from ..wire.clock import GATEWAY
from ..wire.fields import WireError
from ..wire.receipt import CERTIFICATE
from ..wire.signer import SignerError
from . import network_time
from .certifier import Certifier
from .config import Config
from .deadline import Late, within
from .device import PolledDevice
from .dispatch import Dispatch
from .gateway_time import GatewayTime
from .health import Health
from .journal import Journal
from .life import Life
from .link import open_link
from .log_report import LogReport
from .mqtt_link import MqttLink
from .reading import Reading
from .steward import steward_of
from .store import StoreFull
from .supervisor import WATCHDOG_S
from .unhurried import unhurried
from .upkeep import upkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Board
    from .issuer import Head
    from .timekeeper import Moment

_TICK_S = 0.1
_LOOK_S = 1
_SIGNER_PAUSE_S = 5  # before a signer that failed is asked again


class Meter:
    """One meter. ``run`` measures, certifies, delivers and reports until the process ends."""

    def __init__(
        self, config: Config, board: "Board", load_map: "Callable[[str], dict[str, object]]", folder: str = ""
    ) -> None:
        """A meter; its watchdog runs from here on.

        Args:
            load_map: ``load_map(name)`` is the content of a file in ``maps``.
            folder: where the boot selector keeps record and slots, see Life.
        Raises:
            MapError: a map is missing or wrong.
            StoreDamaged: the key on the flash is lost.
        """
        self._config = config
        self._clock = board.clock
        self._board = board
        watchdog = board.watchdog(WATCHDOG_S)
        self._certifier = Certifier(config, board)
        self._events = self._certifier.events
        self._journal = Journal(board.clock, self._events)
        self._life = Life(config, board, folder, watchdog, self._journal)
        self._signing = asyncio.Lock()
        self._log_report = LogReport(self._journal.ring)
        self._steward = steward_of(config, board, self._certifier, self._journal, self._life.offer, self._log_report.ask)
        link = open_link(board, config.bus)
        self._devices = [PolledDevice(device, link, load_map) for device in ([] if self._life.safe else config.devices)]
        self._billing = [device.billing for device in config.devices].index(True)
        self._readings: list[Reading | None] = [None] * len(config.devices)
        self._read_at: int | None = None
        self._news = asyncio.Event()
        self._state_topic = topics.up(config.site, config.meter, "state")
        self._receipt_topic = topics.down(config.site, config.meter, "receipt")
        self._time_topic = topics.down(config.site, config.meter, "time")
        self._gateway_time = GatewayTime(config.site, config.meter, config.gateway_key)
        self._link = MqttLink(
            board,
            config.mqtt,
            config.meter,
            mqtt.Message(self._state_topic, b'{"online": false}', 1, True),
            [self._receipt_topic, self._time_topic, self._life.chunk_topic, topics.down(config.site, config.meter, "cmd")],
            self._on_message,
            self._on_link,
        )
        self._dispatch = Dispatch(board, self._link, self._journal.log)
        self._dispatch.add(topics.up(config.site, config.meter, "cert"), self._certifier.delivery)
        self._dispatch.add(topics.up(config.site, config.meter, "event"), self._events.delivery)
        self._dispatch.add(topics.up(config.site, config.meter, "rotation"), self._certifier.succession)
        self._health = Health(board, self._certifier, self._devices, self._link, self._life)

    async def _upkeep(self) -> None:
        topic = topics.up(self._config.site, self._config.meter, "health")
        await upkeep(self._board, self._link, self._health, topic, self._health_s, self._journal)

    def _health_s(self) -> int:
        return self._steward.setting(command.HEALTH_S)

    async def run(self) -> None:
        """Never returns. A defect in one task ends all: half a meter would look alive."""
        issuer = self._certifier.issuer
        self._journal.log(f"{self._config.meter} boot {issuer.boot} seq {issuer.head.seq}")
        corrupt = self._certifier.store.statements.corrupt
        if corrupt:
            self._journal.log(f"flash: {corrupt} damaged, {self._certifier.delivery.debt} without receipt")
        self._journal.begin(self._life.reason, self._life.safe)
        log_topic = topics.up(self._config.site, self._config.meter, "log")
        tasks = [self._sign(), self._govern(), self._dispatch.run(), self._ask_time(), self._ask_network_time(), self._report()]
        tasks += [self._upkeep(), self._log_report.run(self._link, log_topic), self._link.run()]
        tasks += [self._life.watch(), self._life.renew(self._link)]
        if not self._life.safe:
            tasks.append(self._measure())
        await asyncio.gather(*tasks)

    async def _measure(self) -> None:
        """Poll all devices, one after the other, every POLL_MS."""
        due = self._clock.ticks_ms()
        while True:
            for index, device in enumerate(self._devices):
                await self._poll(index, device)
            due = max(due + self._steward.setting(command.POLL_MS), self._clock.ticks_ms())
            await asyncio.sleep((due - self._clock.ticks_ms()) / 1000)

    async def _poll(self, index: int, device: PolledDevice) -> None:
        before = device.last_error
        reading = await device.poll(self._clock.ticks_ms())
        if device.last_error != before:
            self._journal.log(f"unit {device.unit}: {device.last_error or 'answers again'} {device.errors}")
        if reading is not None:
            self._readings[index] = reading
        self._life.progress.tried(index == self._billing and reading is not None)
        if index != self._billing:
            return
        now = self._journal.now()
        if reading is None or device.model is None:
            self._certifier.fail(now)
        else:
            self._read_at = None if now.time_ms is None else now.time_ms // 1000
            self._certifier.read(now, reading, device.model.measures_energy)
            if reading.w is not None:
                self._steward.supply.read(reading.w, now.uptime_ms)

    async def _sign(self) -> None:
        """Sign what is due, events first; in safe mode nothing else."""
        while True:
            now = self._journal.now()
            try:
                if self._life.safe:
                    await self.keep_events()
                else:
                    await self._certify(now)
            except SignerError as error:
                self._journal.log(f"not signed: {error}")
                await asyncio.sleep(_SIGNER_PAUSE_S)
                continue
            self._life.progress.looked()
            await asyncio.sleep(_TICK_S)

    async def _certify(self, now: "Moment") -> None:
        """Close the interval that has ended, also while a poll is waiting for its answer, and sign it."""
        held = self._certifier.held
        self._certifier.tick(now)
        await self.keep_events()
        async with self._signing:
            head = await unhurried(self._certifier.certify_steps())
            await self._hand_over()
        if head is not None:
            self._announce(head)
        if self._certifier.held != held:
            self._journal.log("flash full or signer slow: an interval will be in a later certificate")

    async def _hand_over(self) -> None:
        """Sign the rotation to a new key, if one was ordered."""
        try:
            await unhurried(self._certifier.succession.hand_over_steps())
        except StoreFull:
            self._journal.log("flash full: a rotation waits for room")

    async def _govern(self) -> None:
        """Look after the supply, with or without a link."""
        while True:
            self._steward.tick(self._journal.now())
            await asyncio.sleep(_TICK_S)

    async def keep_events(self) -> None:
        """All events recorded until now are signed and on the flash when this returns, unless it is full. SignerError."""
        async with self._signing:
            try:
                kept = await unhurried(self._events.keep_steps())
            except StoreFull:
                self._journal.log(f"flash full: {self._events.waiting} events wait for room")
                return
        if kept:
            self._journal.log(f"{kept} events kept")

    def _announce(self, head: "Head") -> None:
        assert head.body
        self._steward.charge(head.body)
        free = self._board.heap_free()
        self._journal.log(f"certificate {head.seq} closing {head.body.closing} status {head.body.status} heap {free}")
        self._life.progress.stored()
        self._news.set()

    async def _ask_time(self) -> None:
        """Ask the gateway for the time whenever that is due and there is a link."""
        topic = topics.up(self._config.site, self._config.meter, "time")
        while True:
            if self._link.connected and self._gateway_time.is_due(self._clock.ticks_ms()):
                echo = self._board.random(timesync.ECHO_SIZE)
                question = self._gateway_time.ask(echo, self._clock.ticks_ms())
                try:
                    await self._link.publish(mqtt.Message(topic, question, 0))
                except OSError as error:
                    self._journal.log(f"time not asked for: {error}")
            await asyncio.sleep(_LOOK_S)

    async def _ask_network_time(self) -> None:
        """Ask an SNTP server as well, if the configuration names one."""
        if self._config.ntp is not None:
            await network_time.keep(self._config.ntp, self._board, self._journal.learn_time, self._journal.log)

    async def _report(self) -> None:
        """Publish the state: five times an interval, though not within a second; with every certificate; free of debt."""
        pause = max(1, self._config.interval_s / 5)
        while True:
            if self._link.connected:
                try:
                    await self._link.publish(mqtt.Message(self._state_topic, json.dumps(self.state()).encode(), 0, True))
                except OSError as error:
                    self._journal.log(f"state not sent: {error}")
            try:
                await within(pause, self._news.wait())
            except Late:
                continue
            self._news.clear()

    def state(self) -> "dict[str, object]":
        """What ``up/state`` says; keys as in the house's DESIGN.md."""
        issuer, pending = self._certifier.issuer, self._certifier.delivery.debt
        reading = self._readings[self._billing] or Reading(None)
        imported, exported = self._certifier.registers or (None, None)
        quality = self._journal.now().quality
        auxiliary = [index for index in range(len(self._devices)) if index != self._billing]
        state: dict[str, object] = {
            "online": True,
            "seq": issuer.head.seq,
            "receipted": issuer.head.seq - pending,
            "pending": pending,
            "boot": issuer.boot,
            "w": reading.w,
            "dv": reading.dv,
            "mhz": reading.mhz,
            "soc": reading.soc,
            "import_wh": imported,
            "export_wh": exported,
            "clock": quality.source,
            "uncertainty_ms": quality.uncertainty_ms,
            "t": self._read_at,
            "bus_errors": sum([sum(device.errors.values()) for device in self._devices]),
            "auxiliary": [self._auxiliary_state(index) for index in auxiliary],
        }
        state.update(self._life.state())
        return state

    def _auxiliary_state(self, index: int) -> "dict[str, object]":
        reading = self._readings[index] or Reading(None)
        return {"unit": self._devices[index].unit, "w": reading.w, "dv": reading.dv, "soc": reading.soc}

    async def _on_message(self, message: mqtt.Message) -> None:
        ticks = self._clock.ticks_ms()
        try:
            if message.topic == self._receipt_topic:
                await unhurried(self._certifier.take_receipt_steps(message.payload, ticks))
                if not self._certifier.store.statements.pending(CERTIFICATE):
                    self._news.set()
            elif message.topic == self._time_topic:
                time_ms, uncertainty = await unhurried(self._gateway_time.answer_steps(message.payload, ticks))
                late = self._clock.ticks_ms() - ticks
                self._journal.learn_time(GATEWAY, time_ms + late, uncertainty, ticks + late)
            elif message.topic == self._life.chunk_topic:
                self._life.take_chunk(message.payload)
            else:
                await unhurried(self._steward.take_steps(message.payload))
        except WireError as error:
            self._certifier.refused += 1
            self._journal.log(f"refused: {error}")

    def _on_link(self) -> None:
        if self._link.connected:
            self._dispatch.reconnected()
            self._journal.log("broker: connected")
            self._news.set()
        else:
            self._journal.log(f"broker: {self._link.last_error}")
