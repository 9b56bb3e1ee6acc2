"""The link to the broker, for the one thread that also deals with what comes in. Nothing is acknowledged before that.

Who does not take leaves the rest with the broker: what waits here is less than one piece of the line, and the broker sends no
more than its in-flight window ahead of our acknowledgements.
"""

import ssl
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from firmware.wire import mqtt
from firmware.wire.fields import WireError
from firmware.wire.mqtt_decoder import Connack, Decoder, Packet, Puback, Suback
from firmware.wire.mqtt_decoder import Publish as Received

from ..core.centre import Message, Publish
from .broker_rules import MAX_PACKET
from .tls_line import Line

_log = structlog.get_logger()
_KEEPALIVE_S = 20
_PING_S = 8.0
_SILENCE_S = 4.0
_PATIENCE_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 5.0
_QOS = 1
_IDS = 0xFFFF


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message, and what acknowledges it: its packet id (0 for QoS 0) on the ``connection``-th connection."""

    message: Message
    packet_id: int
    connection: int
    arrived: float
    """time.monotonic()."""


class Link:
    """One connection, made again whenever it fails. All calls but ``connected`` come from one thread."""

    def __init__(self, host: str, port: int, name: str, ca: Path, certificate: Path, heard: Sequence[str]) -> None:
        """``certificate``: ours as ``name``, with its key; ``heard``: the filters to subscribe to."""
        self._address = host, port
        self._name = name
        self._certificate = certificate
        self._context = ssl.create_default_context(cafile=str(ca))
        self._heard_topics = heard
        self._arrived: deque[Delivery] = deque()
        self._line: Line | None = None
        self._decoder = Decoder(MAX_PACKET)
        self._connection = 0
        self._packet_id = self._unacknowledged = 0
        self._pause, self._next_try = _FIRST_PAUSE_S, 0.0
        self._spoke = self._heard = 0.0
        self.connected = False

    @property
    def queues(self) -> dict[str, int]:
        """How many messages wait: to be dealt with, and to be confirmed by the broker."""
        return {"incoming": len(self._arrived), "outgoing": self._unacknowledged}

    def stop(self) -> None:
        """Disconnect."""
        if self._line is not None:
            self._write(mqtt.DISCONNECT)
        self._hang_up()

    def take(self, most: int, within_s: float) -> list[Delivery]:
        """Up to ``most`` deliveries: what comes within ``within_s`` seconds. Keeps the connection alive, or makes a new one."""
        until = time.monotonic() + within_s
        while len(self._arrived) < most:
            left = until - time.monotonic()
            if self._line is None and not self._connect():
                time.sleep(max(left, 0.0))
            self._receive(max(left, 0.0))
            if left <= 0:
                break
        self.keep_alive()
        return [self._arrived.popleft() for _ in range(min(most, len(self._arrived)))]

    def answer(self, messages: Iterable[Publish], done: Sequence[Delivery] = ()) -> None:
        """Publish ``messages``, then acknowledge what is ``done``, in one go.

        What does not get through is asked for again, and what is not acknowledged comes again.
        """
        if not self.connected:
            return
        out = bytearray()
        for one in messages:
            self._packet_id = self._packet_id % _IDS + 1
            self._unacknowledged += 1
            out += mqtt.publish(mqtt.Message(one.topic, one.payload, _QOS), self._packet_id)
        for delivery in done:
            if delivery.packet_id and delivery.connection == self._connection:
                out += mqtt.puback(delivery.packet_id)
        if self._unacknowledged > _IDS:
            self._fail("the broker acknowledges nothing")
        elif out:
            self._write(out)

    def keep_alive(self) -> None:
        """Say that we are there, for when nothing was said for a while."""
        if time.monotonic() > self._spoke + _PING_S:
            self._write(mqtt.PINGREQ)

    def _connect(self) -> bool:
        if time.monotonic() < self._next_try:
            return False
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_S)
        try:
            self._context.load_cert_chain(self._certificate)  # it may have been renewed
            self._line = Line(*self._address, self._context, _PATIENCE_S)
        except OSError as error:
            _log.warning("the broker cannot be reached", reason=str(error))
            return False
        self._connection += 1
        self._unacknowledged = 0
        self._decoder = Decoder(MAX_PACKET)
        self._heard = time.monotonic()
        self._write(mqtt.connect(self._name, _KEEPALIVE_S, False))
        return True

    def _receive(self, within_s: float) -> None:
        if self._line is None:
            return
        try:
            data = self._line.receive(within_s)
            now = time.monotonic()
            if data:
                self._heard = now
            elif self._spoke > self._heard + _SILENCE_S and now > self._spoke + _SILENCE_S:
                raise TimeoutError("the broker is silent")
            for packet in self._decoder.feed(data):
                self._take(packet, now)
        except (OSError, WireError) as error:
            self._fail(str(error))

    def _take(self, packet: Packet, now: float) -> None:
        if isinstance(packet, Received):
            message = Message(packet.message.topic, packet.message.payload)
            self._arrived.append(Delivery(message, packet.packet_id, self._connection, now))
        elif isinstance(packet, Puback):
            self._unacknowledged -= 1
        elif isinstance(packet, Connack):
            if packet.refusal:
                raise WireError(packet.refusal)
            self._write(mqtt.subscribe(_IDS, [(topic, _QOS) for topic in self._heard_topics]))
        elif isinstance(packet, Suback):
            if None in packet.granted:
                raise WireError("the broker refuses the subscription")
            self.connected = True
            self._pause = _FIRST_PAUSE_S
            _log.info("connected to the broker")

    def _write(self, data: bytes | bytearray) -> None:
        if self._line is None:
            return
        try:
            self._line.send(data)
            self._spoke = time.monotonic()
        except OSError as error:
            self._fail(str(error))

    def _fail(self, reason: str) -> None:
        _log.warning("disconnected from the broker", reason=reason)
        self._hang_up()

    def _hang_up(self) -> None:
        self.connected = False
        if self._line is not None:
            self._line.close()
            self._line = None
