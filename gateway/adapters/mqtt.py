"""The link to the broker: what came in waits in a bounded queue, and is acknowledged only when it was dealt with."""

import queue
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ..core.centre import Message, Publish

_log = structlog.get_logger()
_KEEPALIVE_S = 20
_CAPACITY = 1000
_INFLIGHT = 200
_QOS = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message, and what acknowledges it."""

    message: Message
    mid: int
    qos: int
    arrived: float
    """time.monotonic()."""


class Link:
    """One connection, kept for ever. Callbacks run in the client's thread; all other calls come from the worker's."""

    def __init__(self, host: str, port: int, name: str, ca: Path, certificate: Path, topic: str) -> None:
        """``certificate``: ours as ``name``, with its key; ``topic``: the filter to subscribe to."""
        self._address = host, port
        self._certificate = certificate
        self._context = ssl.create_default_context(cafile=str(ca))
        self._topic = topic
        self._waiting: queue.Queue[Delivery] = queue.Queue(_CAPACITY)
        self._stopping = False
        self._published = self._confirmed = 0
        client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=False, manual_ack=True)
        client.tls_set_context(self._context)
        client.on_pre_connect = self._on_pre_connect
        client.reconnect_delay_set(1, 5)
        client.max_inflight_messages_set(_INFLIGHT)
        client.max_queued_messages_set(_CAPACITY)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        self._client = client

    @property
    def connected(self) -> bool:
        """Whether the broker has accepted us."""
        return self._client.is_connected()

    @property
    def queues(self) -> dict[str, int]:
        """How many messages wait: to be dealt with, and to be sent."""
        return {"incoming": self._waiting.qsize(), "outgoing": self._published - self._confirmed}

    def start(self) -> None:
        """Connect, and go on trying."""
        self._client.connect_async(*self._address, keepalive=_KEEPALIVE_S)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self._stopping = True
        self._client.disconnect()
        self._client.loop_stop()

    def take(self, most: int, within_s: float) -> list[Delivery]:
        """Up to ``most`` deliveries: what comes within ``within_s`` seconds."""
        batch: list[Delivery] = []
        until = time.monotonic() + within_s
        while len(batch) < most:
            try:
                batch.append(self._waiting.get(timeout=max(0.0, until - time.monotonic())))
            except queue.Empty:
                break
        return batch

    def acknowledge(self, delivery: Delivery) -> None:
        """The broker may forget this delivery."""
        self._client.ack(delivery.mid, delivery.qos)

    def publish(self, one: Publish) -> None:
        """Send a message, or queue it for when there is a connection. What does not get through is asked for again."""
        if self._client.publish(one.topic, one.payload, _QOS).rc != paho.MQTT_ERR_QUEUE_SIZE:
            self._published += 1

    def _on_pre_connect(self, _client: paho.Client, _data: Any) -> None:
        self._context.load_cert_chain(self._certificate)  # it may have been renewed

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            _log.warning("the broker refuses us", reason=str(reason))
            return
        _log.info("connected to the broker")
        client.subscribe(self._topic, _QOS)

    def _on_disconnect(self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self._stopping:
            _log.warning("disconnected from the broker", reason=str(reason))

    def _on_publish(self, *_: Any) -> None:
        self._confirmed += 1

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        delivery = Delivery(Message(message.topic, bytes(message.payload)), message.mid, message.qos, time.monotonic())
        # a full queue holds up the broker, not the meters: it keeps or drops, and they send again
        while not self._stopping:
            try:
                self._waiting.put(delivery, timeout=1)
            except queue.Full:
                continue
            return
