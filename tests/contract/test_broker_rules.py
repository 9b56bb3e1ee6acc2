"""One set of rules, two brokers: what mosquitto enforces, amqtt enforces too."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from firmware.wire import topics
from gateway.adapters import broker_rules as rules
from gateway.adapters.broker import Broker, find_mosquitto, free_port

SITE = "isle"
PASSWORDS = {rules.GATEWAY: "secret-g", "wind-1": "secret-w", "house-1": "secret-h"}
WITHIN_S = 5.0


def until(true: Callable[[], object]) -> bool:
    """Whether ``true`` came true within 5 s."""
    end = time.monotonic() + WITHIN_S
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Client:
    """A paho client that keeps what happens to it."""

    def __init__(self, port: int, username: str | None, password: str | None = None, id: str = "") -> None:
        self.received: list[tuple[str, bytes]] = []
        self.answer: str | None = None
        self.lost = False
        self.client = paho.Client(CallbackAPIVersion.VERSION2, id, reconnect_on_failure=False)
        self.client.username_pw_set(username, password)
        self.client.on_connect = lambda *args: setattr(self, "answer", str(args[3]))
        self.client.on_disconnect = lambda *_: setattr(self, "lost", True)
        self.client.on_message = lambda _client, _data, message: self.received.append((message.topic, bytes(message.payload)))
        self.port = port

    def start(self) -> "Client":
        self.client.connect("127.0.0.1", self.port)
        self.client.loop_start()
        assert until(lambda: self.answer)
        return self

    def subscribe(self, topic: str) -> None:
        codes: list[object] = []
        self.client.on_subscribe = lambda *args: codes.append(args[3])
        self.client.subscribe(topic, 1)
        assert until(lambda: codes)

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain)

    def got(self, payload: bytes) -> bool:
        return until(lambda: payload in [received for _, received in self.received])


class Bench:
    def __init__(self, directory: Path, kind: str) -> None:
        self.port = free_port()
        for user, password in PASSWORDS.items():
            rules.set_password(directory / "passwd", user, password)
        self.passwords = directory / "passwd"
        self.broker = Broker(directory, SITE, self.port, find_mosquitto() if kind == "mosquitto" else None)
        self.broker.start()
        self.clients: list[Client] = []
        assert until(self.listens)

    def listens(self) -> bool:
        try:
            paho.Client(CallbackAPIVersion.VERSION2).connect("127.0.0.1", self.port)
        except OSError:
            return False
        return True

    def client(self, name: str | None, password: str | None = None, id: str = "") -> Client:
        client = Client(self.port, name, password or PASSWORDS.get(name or ""), id).start()
        self.clients.append(client)
        return client

    def disconnect(self) -> None:
        for client in self.clients:
            client.client.disconnect()
            client.client.loop_stop()
        self.clients.clear()


# where mosquitto may not be installed there is only one to test
@pytest.fixture(scope="module", params=["mosquitto", "amqtt"] if find_mosquitto() else ["amqtt"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("site") / "broker", request.param)
    yield bench
    bench.broker.stop()


@pytest.fixture
def bench(running: Bench) -> Iterator[Bench]:
    yield running
    running.disconnect()


def listening_gateway(bench: Bench) -> Client:
    gateway = bench.client(rules.GATEWAY, id=rules.GATEWAY)
    gateway.subscribe(rules.site_topics(SITE))
    return gateway


def test_a_meter_speaks_and_listens_on_its_own_topics(bench: Bench) -> None:
    gateway, wind = listening_gateway(bench), bench.client("wind-1")
    wind.subscribe(topics.down(SITE, "wind-1", "receipt"))
    wind.publish(topics.up(SITE, "wind-1", "cert"), b"certificate")
    assert gateway.got(b"certificate")
    gateway.publish(topics.down(SITE, "wind-1", "receipt"), b"receipt")
    assert wind.got(b"receipt")


def test_a_meter_cannot_speak_for_another_or_for_the_gateway(bench: Bench) -> None:
    gateway, wind = listening_gateway(bench), bench.client("wind-1")
    wind.publish(topics.up(SITE, "house-1", "cert"), b"forged")
    wind.publish(topics.down(SITE, "house-1", "cmd"), b"forged")
    wind.publish(topics.up("atoll", "wind-1", "cert"), b"forged")
    wind.publish(topics.up(SITE, "wind-1", "cert"), b"own")
    assert gateway.got(b"own")
    assert [payload for _, payload in gateway.received] == [b"own"]


@pytest.mark.parametrize("topic", ["sk/v1/isle/house-1/down/cmd", "sk/v1/isle/+/down/cmd", "sk/#", "#"])
def test_a_meter_cannot_hear_anothers(bench: Bench, topic: str) -> None:
    gateway, wind, house = listening_gateway(bench), bench.client("wind-1"), bench.client("house-1")
    wind.subscribe(topic)
    wind.subscribe(topics.down(SITE, "wind-1", "receipt"))
    house.subscribe(topics.down(SITE, "house-1", "cmd"))
    gateway.publish(topics.down(SITE, "house-1", "cmd"), b"for the house")
    assert house.got(b"for the house")
    gateway.publish(topics.down(SITE, "wind-1", "receipt"), b"for the turbine")
    assert wind.got(b"for the turbine")
    assert {payload for _, payload in wind.received} == {b"for the turbine"}


def test_a_meter_that_comes_back_is_not_shown_others_states(bench: Bench) -> None:
    gateway, house = listening_gateway(bench), bench.client("house-1")
    house.publish(topics.up(SITE, "house-1", "state"), b"private", retain=True)
    assert gateway.got(b"private")
    wind = bench.client("wind-1")
    wind.subscribe(topics.down(SITE, "wind-1", "receipt"))
    gateway.publish(topics.down(SITE, "wind-1", "receipt"), b"receipt")
    assert wind.got(b"receipt")
    house.publish(topics.up(SITE, "house-1", "state"), b"", retain=True)
    assert gateway.got(b"")
    assert [payload for _, payload in wind.received] == [b"receipt"]


@pytest.mark.parametrize(
    ("name", "password"), [(None, None), ("wind-1", "wrong"), ("stranger", "secret-w"), ("wind-1", "secret-h")]
)
def test_nobody_else_is_let_in(bench: Bench, name: str | None, password: str | None) -> None:
    assert bench.client("wind-1").answer == "Success"
    assert bench.client(name, password).answer in ("Not authorized", "Bad user name or password")


def test_a_stranger_cannot_push_anybody_out(bench: Bench) -> None:
    gateway = listening_gateway(bench)
    bench.client("wind-1", "wrong", id=rules.GATEWAY)
    bench.client("wind-1", id=rules.GATEWAY)
    bench.client("house-1").publish(topics.up(SITE, "house-1", "cert"), b"still here")
    assert gateway.got(b"still here")
    assert not gateway.lost


def test_a_will_is_bound_by_the_rules(bench: Bench) -> None:
    gateway = listening_gateway(bench)
    for name, victim in (("wind-1", "house-1"), ("house-1", "house-1")):
        client = Client(bench.port, name, PASSWORDS[name])
        client.client.will_set(topics.up(SITE, victim, "state"), json.dumps({"by": name}).encode(), 1)
        client.start()
        connection: Any = client.client.socket()
        if connection is not None:
            connection.shutdown(socket.SHUT_RDWR)  # no DISCONNECT: the will counts
        client.client.loop_stop()
    assert gateway.got(b'{"by": "house-1"}')
    assert len(gateway.received) == 1


def test_64_kb_go_through_and_more_than_the_limit_ends_the_connection(bench: Bench) -> None:
    gateway, wind = listening_gateway(bench), bench.client("wind-1")
    noise = bytes(65536)
    wind.publish(topics.up(SITE, "wind-1", "cert"), noise)
    assert gateway.got(noise)
    wind.publish(topics.up(SITE, "wind-1", "cert"), bytes(rules.MAX_PACKET))
    assert until(lambda: wind.lost)
    bench.client("house-1").publish(topics.up(SITE, "house-1", "cert"), b"undisturbed")
    assert gateway.got(b"undisturbed")
    assert len(gateway.received) == 2


def test_an_enrolment_counts_at_once(bench: Bench) -> None:
    rules.set_password(bench.passwords, "pile", "secret-p")
    bench.broker.refresh()
    assert until(lambda: bench.client("pile", "secret-p").answer == "Success")
    assert bench.client("wind-1").answer == "Success"


def test_a_killed_broker_comes_back(bench: Bench) -> None:
    before = bench.broker.pid
    assert before
    os.kill(before, signal.SIGKILL)
    assert until(lambda: bench.broker.pid not in (before, None) and bench.listens())
    assert bench.client("wind-1").answer == "Success"
