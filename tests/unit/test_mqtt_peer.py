"""Our MQTT codec against real brokers, with paho-mqtt as the other client: amqtt always, mosquitto where it is installed."""

import queue
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware.wire import mqtt
from firmware.wire.mqtt import Message
from firmware.wire.mqtt_decoder import Connack, Decoder, Packet, Pingresp, Puback, Publish, Suback

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
BROKERS = ["amqtt", "mosquitto"] if MOSQUITTO else ["amqtt"]
PATIENCE_S = 10
TYPE = TypeVar("TYPE", bound=Packet)

MOSQUITTO_CONF = """
listener {port} 127.0.0.1
allow_anonymous true
"""
AMQTT_YAML = """
listeners:
  default: {{type: tcp, bind: "127.0.0.1:{port}"}}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin: {{allow_anonymous: true}}
"""


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """A broker in its own process from the moment that it answers on ``port``."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while True:
                assert process.poll() is None, log.read_text()
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.02)
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module", params=BROKERS)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a broker that admits everybody."""
    folder = tmp_path_factory.mktemp("broker")
    port = free_port()
    config = folder / "config"
    if request.param == "mosquitto":
        config.write_text(MOSQUITTO_CONF.format(port=port))
        command = [str(MOSQUITTO), "-c", str(config)]
    else:
        config.write_text(AMQTT_YAML.format(port=port))
        command = [sys.executable, "-m", "amqtt.scripts.broker_script", "-c", str(config)]
    with running(command, port, folder / "log"):
        yield port


class Client:
    """A socket and our codec."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.decoder = Decoder(100_000)
        self.packets: list[Packet] = []

    def send(self, packet: bytes) -> None:
        self.socket.sendall(packet)

    def receive(self, kind: type[TYPE]) -> TYPE:
        """The next packet of ``kind``; others wait, as a broker may send messages before its SUBACK (section 3.8.4)."""
        while True:
            for packet in self.packets:
                if isinstance(packet, kind):
                    self.packets.remove(packet)
                    return packet
            data = self.socket.recv(1000)
            assert data, "the broker closed the connection"
            self.packets += self.decoder.feed(data)

    def connect(self, client_id: str, clean: bool = True, will: Message | None = None) -> Connack:
        self.send(mqtt.connect(client_id, 60, clean, "wind-1", "secret", will))
        return self.receive(Connack)


@pytest.fixture
def client(broker: int) -> Iterator[Client]:
    client = Client(broker)
    yield client
    client.socket.close()


@pytest.fixture
def other(broker: int) -> Iterator[tuple[paho.Client, "queue.Queue[paho.MQTTMessage]"]]:
    """paho-mqtt, subscribed to everything under peer/, and what it received."""
    received: queue.Queue[paho.MQTTMessage] = queue.Queue()
    subscribed: queue.Queue[int] = queue.Queue()
    peer = paho.Client(CallbackAPIVersion.VERSION2)
    peer.on_message = lambda _client, _userdata, message: received.put(message)
    peer.on_subscribe = lambda _client, _userdata, mid, _codes, _properties: subscribed.put(mid)
    peer.connect("127.0.0.1", broker)
    peer.loop_start()
    peer.subscribe("peer/#", 1)
    subscribed.get(timeout=PATIENCE_S)
    yield peer, received
    peer.disconnect()
    peer.loop_stop()


def next_under_peer(received: "queue.Queue[paho.MQTTMessage]") -> paho.MQTTMessage:
    """The next message that was subscribed to; amqtt greets clients with what it retains for other clients' subscriptions."""
    while True:
        message = received.get(timeout=PATIENCE_S)
        if message.topic.startswith("peer/"):
            return message


def test_connect_and_ping(client: Client) -> None:
    assert client.connect("ours-ping").refusal is None
    client.send(mqtt.PINGREQ)
    client.receive(Pingresp)
    client.send(mqtt.DISCONNECT)
    assert client.socket.recv(1) == b""


def test_subscriptions_are_granted(client: Client) -> None:
    client.connect("ours-subscribe")
    client.send(mqtt.subscribe(77, [("ours/+/a", 1), ("ours/b", 0)]))
    answer = client.receive(Suback)
    assert (answer.packet_id, answer.granted) == (77, [1, 0])


@pytest.mark.parametrize("size", [0, 1, 120, 127, 128, 16_384, 70_000])
def test_paho_receives_what_we_publish(
    client: Client, other: tuple[paho.Client, "queue.Queue[paho.MQTTMessage]"], size: int
) -> None:
    payload = bytes(i * 7 & 0xFF for i in range(size))
    client.connect("ours-publish")
    client.send(mqtt.publish(Message("peer/0", payload)))
    client.send(mqtt.publish(Message("peer/1", payload, 1), 500))
    assert client.receive(Puback).packet_id == 500
    for topic in ("peer/0", "peer/1"):
        message = next_under_peer(other[1])
        assert (message.topic, message.payload) == (topic, payload)


@pytest.mark.parametrize("size", [0, 1, 120, 127, 128, 16_384, 70_000])
def test_we_receive_what_paho_publishes(
    client: Client, other: tuple[paho.Client, "queue.Queue[paho.MQTTMessage]"], size: int
) -> None:
    payload = bytes(i * 11 & 0xFF for i in range(size))
    client.connect("ours-receive")
    client.send(mqtt.subscribe(1, [("ours/#", 1)]))
    client.receive(Suback)
    for qos in (0, 1):
        other[0].publish(f"ours/\u00e9/{qos}", payload, qos)
        packet = client.receive(Publish)
        message = packet.message
        assert (message.topic, message.payload) == (f"ours/\u00e9/{qos}", payload)
        # amqtt delivers QoS 0 with the subscription's QoS
        assert message.qos >= qos
        assert bool(packet.packet_id) == bool(message.qos)
        if packet.packet_id:
            client.send(mqtt.puback(packet.packet_id))


def test_retained_messages_are_marked(client: Client) -> None:
    client.connect("ours-retain")
    client.send(mqtt.publish(Message("kept/a", b"state", 1, True), 1))
    client.receive(Puback)
    client.send(mqtt.subscribe(2, [("kept/a", 1)]))
    client.receive(Suback)
    packet = client.receive(Publish)
    assert (packet.message.payload, packet.message.retain) == (b"state", True)


def test_the_will_is_published_when_the_line_breaks(
    client: Client, other: tuple[paho.Client, "queue.Queue[paho.MQTTMessage]"]
) -> None:
    client.connect("ours-will", will=Message("peer/will", b"gone", 1))
    client.socket.close()
    message = next_under_peer(other[1])
    assert (message.topic, message.payload) == ("peer/will", b"gone")


def test_a_kept_session_is_there_again(client: Client, broker: int) -> None:
    assert not client.connect("ours-kept", clean=False).session_present
    client.send(mqtt.subscribe(1, [("session/#", 1)]))
    client.receive(Suback)
    client.send(mqtt.DISCONNECT)
    assert client.socket.recv(1) == b""
    again = Client(broker)
    assert again.connect("ours-kept", clean=False).session_present
    again.socket.close()
