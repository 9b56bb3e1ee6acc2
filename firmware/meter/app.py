"""The running meter: six tasks around the core, one for each thing that may have to wait.

Signing and checking are long computations in steps; every task has its turn between any two steps.
"""

import asyncio
import json
import time

from ..wire import command, event, mqtt, timesync, topics
from ..wire.clock import GATEWAY, HOST, UNSET
from ..wire.fields import WireError
from ..wire.receipt import CERTIFICATE
from ..wire.signer import SignerError
from . import network_time
from .certifier import Certifier
from .config import Config
from .deadline import Late, within
from .delivery import Delivery
from .device import PolledDevice
from .gateway_time import GatewayTime
from .health import Health
from .link import open_link
from .log_report import LogReport
from .log_ring import LogRing
from .mqtt_link import MqttLink
from .reading import Reading
from .steward import steward_of
from .store import StoreFull
from .timekeeper import Moment, Timekeeper
from .upkeep import upkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Board
    from ..wire.steps import Result, Steps
    from .issuer import Head

_TICK_S = 0.1
_SIGNER_PAUSE_S = 5  # before a signer that failed is asked again
_GLANCE_MS = 50  # reading two clocks one after the other takes no longer, unless something came between


async def _unhurried(steps: "Steps[Result]") -> "Result":
    """The result of ``steps``, with a turn for every other task between any two."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        await asyncio.sleep(0)


class Meter:
    """One meter. ``run`` measures, certifies, delivers and reports until the process ends."""

    def __init__(self, config: Config, board: "Board", load_map: "Callable[[str], dict[str, object]]") -> None:
        """``load_map(name)``: the content of a file in ``maps``. MapError, StoreDamaged."""
        self._config = config
        self._clock = board.clock
        self._board = board
        self._certifier = Certifier(config, board)
        self._events = self._certifier.events
        self._time = Timekeeper()
        self._undated = False  # what has happened until now has no date
        self._signing = asyncio.Lock()
        self._ring = LogRing()
        self._log_report = LogReport(self._ring)
        self._steward = steward_of(config, board, self._certifier, self._now(), self._log, self._log_report.ask)
        link = open_link(board, config.bus)
        self._devices = [PolledDevice(device, link, load_map) for device in config.devices]
        self._billing = [device.billing for device in config.devices].index(True)
        self._readings: list[Reading | None] = [None] * len(self._devices)
        self._read_at: int | None = None
        self._news = asyncio.Event()
        self._state_topic = topics.up(config.site, config.meter, "state")
        self._deliveries = [
            (topics.up(config.site, config.meter, "cert"), self._certifier.delivery),
            (topics.up(config.site, config.meter, "event"), self._events.delivery),
        ]
        self._receipt_topic = topics.down(config.site, config.meter, "receipt")
        self._time_topic = topics.down(config.site, config.meter, "time")
        self._gateway_time = GatewayTime(config.site, config.meter, config.gateway_key)
        self._link = MqttLink(
            board,
            config.mqtt,
            config.meter,
            mqtt.Message(self._state_topic, b'{"online": false}', 1, True),
            [self._receipt_topic, self._time_topic, topics.down(config.site, config.meter, "cmd")],
            self._on_message,
            self._on_link,
        )
        self._health = Health(board, self._certifier, self._devices, self._link)

    async def _upkeep(self) -> None:
        topic = topics.up(self._config.site, self._config.meter, "health")
        await upkeep(self._board, self._link, self._health, topic, self._health_s, self._ring, self._log)

    def _health_s(self) -> int:
        return self._steward.setting(command.HEALTH_S)

    async def run(self) -> None:
        """Never returns. A defect in one task ends all: half a meter would look alive."""
        issuer = self._certifier.issuer
        self._log(f"{self._config.meter} boot {issuer.boot} seq {issuer.head.seq}")
        corrupt = self._certifier.store.statements.corrupt
        if corrupt:
            self._log(f"flash: {corrupt} damaged, {self._certifier.delivery.debt} without receipt")
        now = self._now()
        self._undated = now.time_ms is None
        self._events.record(now, event.BOOT, {1: self._board.reset_reason(), 2: 0})
        await asyncio.gather(
            self._measure(),
            self._certify(),
            self._govern(),
            self._deliver(),
            self._ask_time(),
            self._ask_network_time(),
            self._report(),
            self._upkeep(),
            self._log_report.run(self._link, topics.up(self._config.site, self._config.meter, "log")),
            self._link.run(),
        )

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
            self._log(f"unit {device.unit}: {device.last_error or 'answers again'} {device.errors}")
        if reading is not None:
            self._readings[index] = reading
        if index != self._billing:
            return
        now = self._now()
        if reading is None or device.model is None:
            self._certifier.fail(now)
        else:
            self._read_at = None if now.time_ms is None else now.time_ms // 1000
            self._certifier.read(now, reading, device.model.measures_energy)
            if reading.w is not None:
                self._steward.supply.read(reading.w, now.uptime_ms)

    async def _certify(self) -> None:
        """Close intervals on time, also while a poll is waiting for its answer, and sign them; events go first."""
        while True:
            held = self._certifier.held
            self._certifier.tick(self._now())
            try:
                await self.keep_events()
                async with self._signing:
                    head = await _unhurried(self._certifier.certify_steps())
            except SignerError as error:
                self._log(f"not signed: {error}")
                await asyncio.sleep(_SIGNER_PAUSE_S)
                continue
            if head is not None:
                self._announce(head)
            if self._certifier.held != held:
                self._log("flash full or signer slow: an interval will be in a later certificate")
            await asyncio.sleep(_TICK_S)

    async def _govern(self) -> None:
        """Look after the supply, with or without a link."""
        while True:
            self._steward.tick(self._now())
            await asyncio.sleep(_TICK_S)

    async def keep_events(self) -> None:
        """All events recorded until now are signed and on the flash when this returns, unless it is full. SignerError."""
        async with self._signing:
            try:
                kept = await _unhurried(self._events.keep_steps())
            except StoreFull:
                self._log(f"flash full: {self._events.waiting} events wait for room")
                return
        if kept:
            self._log(f"{kept} events kept")

    def _announce(self, head: "Head") -> None:
        assert head.body
        self._steward.charge(head.body)
        free = self._board.heap_free()
        self._log(f"certificate {head.seq} closing {head.body.closing} status {head.body.status} heap {free}")
        self._news.set()

    async def _deliver(self) -> None:
        """Send what is due while there is a link."""
        while True:
            sent = False
            for topic, delivery in self._deliveries:
                if self._link.connected:
                    sent = await self._deliver_one(topic, delivery) or sent
            if not sent:
                await asyncio.sleep(_TICK_S)

    async def _deliver_one(self, topic: str, delivery: Delivery) -> bool:
        """Send the statement that is due, and tell whether there was one and it went."""
        due = delivery.due(self._clock.ticks_ms())
        if due is None:
            return False
        number, data = due
        try:
            await self._link.publish(mqtt.Message(topic, data, 1))
        except OSError as error:
            self._log(f"{topic} {number} not sent: {error}")
            return False
        delivery.outbox.sent(number, self._clock.ticks_ms(), self._board.random(1)[0])
        return True

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
                    self._log(f"time not asked for: {error}")
            await asyncio.sleep(1)

    async def _ask_network_time(self) -> None:
        """Ask an SNTP server as well, if the configuration names one."""
        if self._config.ntp is not None:
            await network_time.keep(self._config.ntp, self._board, self._learn_time, self._log)

    async def _report(self) -> None:
        """Publish the state: five times an interval, though not within a second; with every certificate; free of debt."""
        pause = max(1, self._config.interval_s / 5)
        while True:
            if self._link.connected:
                try:
                    await self._link.publish(mqtt.Message(self._state_topic, json.dumps(self.state()).encode(), 0, True))
                except OSError as error:
                    self._log(f"state not sent: {error}")
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
        quality = self._now().quality
        auxiliary = [index for index in range(len(self._devices)) if index != self._billing]
        return {
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

    def _auxiliary_state(self, index: int) -> "dict[str, object]":
        reading = self._readings[index] or Reading(None)
        return {"unit": self._devices[index].unit, "w": reading.w, "dv": reading.dv, "soc": reading.soc}

    async def _on_message(self, message: mqtt.Message) -> None:
        ticks = self._clock.ticks_ms()
        try:
            if message.topic == self._receipt_topic:
                await _unhurried(self._certifier.take_receipt_steps(message.payload, ticks))
                if not self._certifier.store.statements.pending(CERTIFICATE):
                    self._news.set()
            elif message.topic == self._time_topic:
                time_ms, uncertainty = await _unhurried(self._gateway_time.answer_steps(message.payload, ticks))
                late = self._clock.ticks_ms() - ticks
                self._learn_time(GATEWAY, time_ms + late, uncertainty, ticks + late)
            else:
                await _unhurried(self._steward.take_steps(message.payload))
        except WireError as error:
            self._certifier.refused += 1
            self._log(f"refused: {error}")

    def _on_link(self) -> None:
        if self._link.connected:
            for _, delivery in self._deliveries:
                delivery.outbox.reconnected(self._clock.ticks_ms())
            self._log("broker: connected")
            self._news.set()
        else:
            self._log(f"broker: {self._link.last_error}")

    def _now(self) -> Moment:
        """The moment, after a look at the board's own clock."""
        ticks, quality = self._clock.ticks_ms(), self._clock.quality()
        # a clock that only survived a restart is better than none, and than nothing else
        if quality == HOST or (quality != UNSET and self._time.source == UNSET):
            wall, late = self._clock.wall_ms(), self._clock.ticks_ms() - ticks
            if late <= _GLANCE_MS:
                self._set_time(quality, wall, self._clock.uncertainty_ms() + late, ticks)
        return self._time.now(ticks)

    def _learn_time(self, source: int, time_ms: int, uncertainty_ms: int, ticks_ms: int) -> None:
        """As ``_set_time``, from outside: the board's own clock shall know it, too."""
        self._set_time(source, time_ms, uncertainty_ms, ticks_ms)
        now = self._now()
        assert now.time_ms is not None
        self._clock.set(now.time_ms)

    def _set_time(self, source: int, time_ms: int, uncertainty_ms: int, ticks_ms: int) -> None:
        """Take a measurement of the time at ``ticks_ms``, and make events of what it changes."""
        step = self._time.take(source, time_ms, uncertainty_ms, ticks_ms)
        now = self._time.now(ticks_ms)
        if step is not None:
            self._log(f"clock stepped by {step[1] - step[0]} ms")
            self._events.record(now, event.CLOCK_STEP, {1: step[0], 2: step[1]})
        if self._undated and now.time_ms is not None:
            self._undated = False
            self._events.record(now, event.ANCHOR, {1: ticks_ms, 2: now.time_ms})

    def _log(self, text: str) -> None:
        now = self._time.now(self._clock.ticks_ms())
        if now.time_ms is None:
            line = f"+{now.uptime_ms // 1000} s {text}"
        else:
            year, month, day, hour, minute, second = time.gmtime(now.time_ms // 1000)[:6]
            line = f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z {text}"
        self._ring.add(line)
        print(line)
