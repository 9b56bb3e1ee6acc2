"""The gateway's link, against a broker that does what the test says: what is acknowledged, when, and on which connection."""

import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from firmware.wire import mqtt
from gateway.adapters.door import Door
from gateway.adapters.mqtt import Link
from gateway.core.authority import GATEWAY
from gateway.core.centre import Message, Publish

TOPIC = "sk/v1/isle/wind-1/up/cert"
CONNACK, SUBACK = bytes([0x20, 2, 0, 0]), bytes([0x90, 3, 0xFF, 0xFF, 1])


class Broker:
    """The other side: it listens, lets the link in, and is told what to send and what to expect."""

    def __init__(self, folder: Path) -> None:
        self.door = Door(folder)
        self.door.create("isle", int(time.time()))
        self.door.renew(["127.0.0.1"], int(time.time()))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.door.broker)
        self._context.load_verify_locations(self.door.ca)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.line: ssl.SSLSocket | None = None

    def link(self) -> Link:
        host, port = self._listening.getsockname()
        return Link(host, port, GATEWAY, self.door.ca, self.door.link, ["sk/v1/isle/+/up/#"])

    def accept(self) -> None:
        line, _ = self._listening.accept()
        self.line = self._context.wrap_socket(line, server_side=True)
        self.line.settimeout(5)
        self.expect(mqtt.connect(GATEWAY, 20, False))
        self.line.sendall(CONNACK)
        self.expect(mqtt.subscribe(0xFFFF, [("sk/v1/isle/+/up/#", 1)]))
        self.line.sendall(SUBACK)

    def send(self, *packet_ids: int) -> None:
        assert self.line is not None
        self.line.sendall(b"".join(mqtt.publish(mqtt.Message(TOPIC, bytes([each]), 1), each) for each in packet_ids))

    def expect(self, data: bytes) -> None:
        assert self.line is not None
        heard = b""
        while len(heard) < len(data) and (piece := self.line.recv(len(data) - len(heard))):
            heard += piece
        assert heard == data

    def hang_up(self) -> None:
        if self.line is not None:
            self.line.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.hang_up()


def meet(broker: Broker, link: Link) -> None:
    with ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(broker.accept)
        end = time.monotonic() + 5
        while not link.connected and time.monotonic() < end:
            link.take(0, 0.0)
            link.take(1, 0.05)
        accepted.result()
    assert link.connected


def taken(link: Link, most: int, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count and (deliveries := link.take(most, 0.2)):
        assert all(delivery.message == Message(TOPIC, bytes([delivery.packet_id])) for delivery in deliveries)
        found += [delivery.packet_id for delivery in deliveries]
    return found


def test_receipts_go_out_before_what_they_answer_is_acknowledged(broker: Broker) -> None:
    link = broker.link()
    meet(broker, link)
    broker.send(1, 2, 3)
    one, two, three = (link.take(1, 5.0)[0] for _ in range(3))
    link.answer([Publish("sk/v1/isle/wind-1/down/receipt", b"proof")], [one, two])
    broker.expect(
        mqtt.publish(mqtt.Message("sk/v1/isle/wind-1/down/receipt", b"proof", 1), 1) + mqtt.puback(1) + mqtt.puback(2)
    )
    link.answer([], [three])
    broker.expect(mqtt.puback(3))
    link.stop()
    broker.expect(mqtt.DISCONNECT)


def test_what_is_not_taken_stays_with_the_broker(broker: Broker) -> None:
    link = broker.link()
    meet(broker, link)
    broker.send(*range(1, 101))
    assert taken(link, 7, 100) == list(range(1, 101))
    assert link.take(7, 0.01) == []


def test_an_older_connections_deliveries_are_not_acknowledged_on_a_new_one(broker: Broker) -> None:
    link = broker.link()
    meet(broker, link)
    broker.send(1)
    (old,) = link.take(1, 5.0)
    broker.hang_up()
    assert link.take(1, 0.1) == []
    assert not link.connected
    # nobody is there: it is asked for again
    link.answer([Publish("sk/v1/isle/wind-1/down/receipt", b"lost")], [old])
    meet(broker, link)
    broker.send(1)
    (new,) = link.take(1, 5.0)
    link.answer([], [old, new, new])
    broker.expect(mqtt.puback(1) * 2)
    link.stop()
    broker.expect(mqtt.DISCONNECT)


def test_a_broker_that_breaks_the_standard_is_left(broker: Broker) -> None:
    link = broker.link()
    meet(broker, link)
    assert broker.line is not None
    broker.line.sendall(b"\xf0\x00")
    assert link.take(1, 0.2) == []
    assert not link.connected
