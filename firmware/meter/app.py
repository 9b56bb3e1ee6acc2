"""The running meter: five tasks around the core, one for each thing that may have to wait.

Signing and checking are long computations in steps; every task has its turn between any two steps.
"""

import asyncio
import json
import time

from ..wire import mqtt, topics
from ..wire.fields import WireError
from ..wire.signer import SignerError
from .certifier import Certifier
from .config import Config
from .deadline import Late, within
from .device import PolledDevice
from .health import Health
from .link import open_link
from .log_ring import LogRing
from .mqtt_link import MqttLink
from .reading import Reading
from .record import CERTIFICATE
from .upkeep import upkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Board
    from ..wire.steps import Result, Steps
    from .issuer import Head

_TICK_S = 0.1
_SIGNER_PAUSE_S = 5  # before a signer that failed is asked again


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
        link = open_link(board, config.bus)
        self._devices = [PolledDevice(device, link, load_map) for device in config.devices]
        self._billing = [device.billing for device in config.devices].index(True)
        self._readings: list[Reading | None] = [None] * len(self._devices)
        self._read_at: int | None = None
        self._news = asyncio.Event()
        self._state_topic = topics.up(config.site, config.meter, "state")
        self._cert_topic = topics.up(config.site, config.meter, "cert")
        self._receipt_topic = topics.down(config.site, config.meter, "receipt")
        self._link = MqttLink(
            board,
            config.mqtt,
            config.meter,
            mqtt.Message(self._state_topic, b'{"online": false}', 1, True),
            [self._receipt_topic, topics.down(config.site, config.meter, "cmd")],
            self._on_message,
            self._on_link,
        )
        self._ring = LogRing()
        self._health = Health(board, self._certifier, self._devices, self._link)

    async def _upkeep(self) -> None:
        topic = topics.up(self._config.site, self._config.meter, "health")
        await upkeep(self._board, self._link, self._health, topic, self._ring, self._log)

    async def run(self) -> None:
        """Never returns. A defect in one task ends all: half a meter would look alive."""
        issuer = self._certifier.issuer
        self._log(f"{self._config.meter} boot {issuer.boot} seq {issuer.head.seq}")
        corrupt = self._certifier.store.statements.corrupt
        if corrupt:
            self._log(f"flash: {corrupt} damaged, {self._certifier.debt} without receipt")
        await asyncio.gather(
            self._measure(), self._certify(), self._deliver(), self._report(), self._upkeep(), self._link.run()
        )

    async def _measure(self) -> None:
        """Poll all devices, one after the other, every poll_ms."""
        due = self._clock.ticks_ms()
        while True:
            for index, device in enumerate(self._devices):
                await self._poll(index, device)
            due = max(due + self._config.poll_ms, self._clock.ticks_ms())
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
        wall = self._clock.wall_ms()
        if reading is None or device.model is None:
            self._certifier.fail(wall)
        else:
            self._read_at = wall // 1000
            measures_energy = device.model.measures_energy
            self._certifier.read(wall, self._clock.ticks_ms(), reading, measures_energy)

    async def _certify(self) -> None:
        """Close intervals on time, also while a poll is waiting for its answer, and sign them."""
        while True:
            held = self._certifier.held
            self._certifier.tick(self._clock.wall_ms())
            try:
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

    def _announce(self, head: "Head") -> None:
        assert head.body
        free = self._board.heap_free()
        self._log(f"certificate {head.seq} closing {head.body.closing} status {head.body.status} heap {free}")
        self._news.set()

    async def _deliver(self) -> None:
        """Send what is due while there is a link."""
        while True:
            due = self._certifier.due(self._clock.ticks_ms()) if self._link.connected else None
            if due is None:
                await asyncio.sleep(_TICK_S)
                continue
            seq, data = due
            try:
                await self._link.publish(mqtt.Message(self._cert_topic, data, 1))
            except OSError as error:
                self._log(f"certificate {seq} not sent: {error}")
                await asyncio.sleep(_TICK_S)
                continue
            self._certifier.outbox.sent(seq, self._clock.ticks_ms(), self._board.random(1)[0])

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
        issuer, pending = self._certifier.issuer, self._certifier.debt
        reading = self._readings[self._billing] or Reading(None)
        imported, exported = self._certifier.registers or (None, None)
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
            "clock": self._clock.quality(),
            "uncertainty_ms": self._clock.uncertainty_ms(),
            "t": self._read_at,
            "bus_errors": sum([sum(device.errors.values()) for device in self._devices]),
            "auxiliary": [self._auxiliary_state(index) for index in auxiliary],
        }

    def _auxiliary_state(self, index: int) -> "dict[str, object]":
        reading = self._readings[index] or Reading(None)
        return {"unit": self._devices[index].unit, "w": reading.w, "dv": reading.dv, "soc": reading.soc}

    async def _on_message(self, message: mqtt.Message) -> None:
        try:
            if message.topic == self._receipt_topic:
                await _unhurried(self._certifier.take_receipt_steps(message.payload, self._clock.ticks_ms()))
                if not self._certifier.store.statements.pending(CERTIFICATE):
                    self._news.set()
            else:
                await _unhurried(self._certifier.take_command_steps(message.payload))
        except WireError as error:
            self._certifier.refused += 1
            self._log(f"refused: {error}")

    def _on_link(self) -> None:
        if self._link.connected:
            self._certifier.outbox.reconnected(self._clock.ticks_ms())
            self._log("broker: connected")
            self._news.set()
        else:
            self._log(f"broker: {self._link.last_error}")

    def _log(self, text: str) -> None:
        year, month, day, hour, minute, second = time.gmtime(self._clock.wall_ms() // 1000)[:6]
        line = f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z {text}"
        self._ring.add(line)
        print(line)
