"""One set of rules, two brokers: what mosquitto enforces, amqtt enforces too."""

import json
import os
import signal
import socket
import ssl
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
from gateway.adapters.door import Door
from gateway.core import assistant
from gateway.core.authority import CLIENT_LIFE, GATEWAY, READER
from tests.door_keys import DoorKey

SITE = "isle"
METERS = ("wind-1", "house-1", "sleeper", "thief", "leaver")
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

    def __init__(self, port: int, context: ssl.SSLContext | None, id: str = "", clean: bool = True) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.answer: str | None = None
        self.lost = False
        self.client = paho.Client(CallbackAPIVersion.VERSION2, id, clean_session=clean, reconnect_on_failure=False)
        if context is not None:
            self.client.tls_set_context(context)
        self.client.on_connect = lambda *args: setattr(self, "answer", str(args[3]))
        self.client.on_disconnect = lambda *_: setattr(self, "lost", True)
        self.client.on_message = lambda _client, _data, message: self.received.append((message.topic, bytes(message.payload)))
        self.port = port

    def start(self) -> "Client":
        try:
            self.client.connect("127.0.0.1", self.port)
        except OSError:
            self.lost = True
            return self
        self.client.loop_start()
        assert until(lambda: self.answer or self.lost)
        return self

    @property
    def is_in(self) -> bool:
        return self.answer == "Success"

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
        self.folder = directory
        self.door = new_door(directory / "door")
        self.keys = {meter: DoorKey(meter) for meter in METERS}
        self.contexts = {meter: self.context(key, int(time.time())) for meter, key in self.keys.items()}
        self.contexts[GATEWAY] = self.with_files(self.door.link)
        self.contexts[READER] = self.with_files(self.reader())
        mosquitto = find_mosquitto() if kind == "mosquitto" else None
        self.broker = Broker(directory, SITE, "127.0.0.1", self.port, self.door, mosquitto)
        self.broker.start()
        self.clients: list[Client] = []

    def context(self, key: DoorKey, now: int, door: Door | None = None) -> ssl.SSLContext:
        """For a client with a certificate that ``door`` issued at ``now``."""
        certificate = (door or self.door).issue(key.meter, key.public, now)
        return key.context(self.folder, self.door.ca.read_text(), certificate)

    def with_files(self, path: Path | None) -> ssl.SSLContext:
        """For a client with the key and certificate at ``path``, or without any."""
        context = ssl.create_default_context(cafile=str(self.door.ca))
        if path is not None:
            context.load_cert_chain(path)
        return context

    def reader(self) -> Path:
        """The reader's key and certificate in one file."""
        path = self.folder / "reader"
        path.write_bytes(b"".join(self.door.issue_reader(int(time.time()))))
        return path

    def client(self, name: str, id: str = "", clean: bool = True) -> Client:
        client = self.knock(self.contexts[name], id, clean)
        assert client.is_in
        return client

    def knock(self, context: ssl.SSLContext | None, id: str = "", clean: bool = True) -> Client:
        client = Client(self.port, context, id, clean).start()
        self.clients.append(client)
        return client

    def disconnect(self) -> None:
        for client in self.clients:
            client.client.disconnect()
            client.client.loop_stop()
        self.clients.clear()


def new_door(directory: Path) -> Door:
    directory.mkdir(parents=True)
    door = Door(directory)
    door.create(SITE, int(time.time()))
    door.renew(["127.0.0.1"], int(time.time()))
    return door


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
    gateway = bench.client(GATEWAY, id=GATEWAY)
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


STATES = f"sk/v1/{SITE}/+/up/state"


def test_the_reader_reads_what_meters_say_of_themselves_and_what_it_is_told(bench: Bench) -> None:
    gateway, wind, reader = listening_gateway(bench), bench.client("wind-1"), bench.client(READER)
    gateway.subscribe(assistant.BIRTH)
    for topic in (STATES, topics.up(SITE, "house-1", "state"), assistant.ALL):
        reader.subscribe(topic)
    wind.publish(topics.up(SITE, "wind-1", "state"), b"state")
    assert reader.got(b"state")
    gateway.publish(assistant.config("wind-1"), b"discovery")
    assert reader.got(b"discovery")
    reader.publish(assistant.BIRTH, b"online")
    assert gateway.got(b"online")


@pytest.mark.parametrize("topic", ["sk/#", "#", f"sk/v1/{SITE}/+/up/#", f"sk/v1/{SITE}/+/up/cert", f"sk/v1/{SITE}/+/+/state"])
def test_the_reader_cannot_hear_anything_else(bench: Bench, topic: str) -> None:
    gateway, wind, reader = listening_gateway(bench), bench.client("wind-1"), bench.client(READER)
    reader.subscribe(topic)
    reader.subscribe(STATES)
    wind.publish(topics.up(SITE, "wind-1", "cert"), b"certificate")
    gateway.publish(topics.down(SITE, "wind-1", "state"), b"to the turbine")
    gateway.publish(topics.down(SITE, READER, "receipt"), b"no meter's")
    assert gateway.got(b"no meter's")
    wind.publish(topics.up(SITE, "wind-1", "state"), b"state")
    assert reader.got(b"state")
    assert {payload for _, payload in reader.received} == {b"state"}


def test_the_reader_writes_nothing_but_its_birth(bench: Bench) -> None:
    gateway, reader = listening_gateway(bench), bench.client(READER)
    gateway.subscribe(assistant.ALL)
    for topic in (
        topics.up(SITE, "wind-1", "state"),
        topics.up(SITE, READER, "state"),
        topics.down(SITE, "wind-1", "cmd"),
        assistant.config("wind-1"),
        "homeassistant/else",
    ):
        reader.publish(topic, b"forged")
    reader.publish(assistant.BIRTH, b"offline")
    assert gateway.got(b"offline")
    assert {payload for _, payload in gateway.received} == {b"offline"}


def test_a_meter_has_no_part_in_what_the_reader_is_told(bench: Bench) -> None:
    gateway, wind, reader = listening_gateway(bench), bench.client("wind-1"), bench.client(READER)
    gateway.subscribe(assistant.ALL)
    wind.subscribe(assistant.ALL)
    reader.subscribe(assistant.ALL)
    wind.publish(assistant.config("wind-1"), b"forged")
    wind.publish(assistant.BIRTH, b"forged")
    wind.publish(topics.up(SITE, "wind-1", "cert"), b"own")
    assert gateway.got(b"own")
    gateway.publish(assistant.config("wind-1"), b"true")
    assert reader.got(b"true")
    assert {payload for _, payload in gateway.received} <= {b"own", b"true"}
    assert wind.received == []


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


def test_who_shows_no_certificate_is_not_let_in(bench: Bench) -> None:
    client = Client(bench.port, bench.with_files(None), "wind-1")
    client.client.username_pw_set("wind-1", "whatever")
    assert not client.start().is_in


def test_nobody_is_let_in_without_tls(bench: Bench) -> None:
    client = Client(bench.port, None, "wind-1")
    client.client.username_pw_set(GATEWAY)
    assert not client.start().is_in


def test_an_expired_certificate_opens_nothing(bench: Bench) -> None:
    before = int(time.time() - CLIENT_LIFE.total_seconds())
    assert bench.knock(bench.context(DoorKey("wind-1"), before + 60)).is_in
    assert not bench.knock(bench.context(DoorKey("wind-1"), before - 60)).is_in


def test_another_authority_of_the_same_name_opens_nothing(bench: Bench, tmp_path: Path) -> None:
    stranger = new_door(tmp_path / "door")
    assert not bench.knock(bench.context(DoorKey("wind-1"), int(time.time()), stranger)).is_in
    assert not bench.knock(bench.with_files(stranger.link)).is_in


def test_the_brokers_own_certificate_is_no_clients(bench: Bench) -> None:
    assert not bench.knock(bench.with_files(bench.door.broker)).is_in


def test_the_broker_is_sure_to_be_ours(bench: Bench) -> None:
    stranger = bench.keys["wind-1"].context(bench.folder, new_door(bench.folder / "stranger").ca.read_text(), issued(bench))
    with pytest.raises(ssl.SSLCertVerificationError):
        Client(bench.port, stranger).client.connect("127.0.0.1", bench.port)
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for 'localhost'"):
        Client(bench.port, bench.contexts["wind-1"]).client.connect("localhost", bench.port)


def issued(bench: Bench) -> str:
    return bench.door.issue("wind-1", bench.keys["wind-1"].public, int(time.time()))


def shaken(bench: Bench, newest: ssl.TLSVersion, ciphers: str) -> bool:
    """Whether the broker shakes hands with one that has its certificate, but only these."""
    context = bench.context(bench.keys["wind-1"], int(time.time()))
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = newest
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    try:
        with socket.create_connection(("127.0.0.1", bench.port), WITHIN_S) as raw:
            return context.wrap_socket(raw, server_hostname="127.0.0.1").version() is not None
    except OSError:
        return False


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_and_weak_ciphers_are_refused(bench: Bench) -> None:
    assert shaken(bench, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256")
    assert shaken(bench, ssl.TLSVersion.TLSv1_3, "ALL")
    assert not shaken(bench, ssl.TLSVersion.TLSv1_1, "ALL")
    assert not shaken(bench, ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256")


def test_a_meter_cannot_push_anybody_out(bench: Bench) -> None:
    gateway, house = listening_gateway(bench), bench.client("house-1", id="house-1")
    bench.client("wind-1", id=GATEWAY)
    bench.client("wind-1", id="house-1")
    house.publish(topics.up(SITE, "house-1", "cert"), b"still here")
    assert gateway.got(b"still here")
    assert not gateway.lost
    assert not house.lost


def test_a_meter_cannot_take_over_anothers_session(bench: Bench) -> None:
    gateway, sleeper = listening_gateway(bench), bench.client("sleeper", id="sleeper", clean=False)
    sleeper.subscribe(topics.down(SITE, "sleeper", "cmd"))
    sleeper.client.disconnect()
    assert until(lambda: sleeper.lost)
    time.sleep(0.5)  # the broker takes a moment to know it, too
    gateway.publish(topics.down(SITE, "sleeper", "cmd"), b"kept for the sleeper")
    thief = bench.client("thief", id="sleeper", clean=False)
    thief.subscribe(topics.down(SITE, "thief", "receipt"))
    gateway.publish(topics.down(SITE, "thief", "receipt"), b"receipt")
    assert thief.got(b"receipt")
    assert [payload for _, payload in thief.received] == [b"receipt"]
    assert bench.client("sleeper", id="sleeper", clean=False).got(b"kept for the sleeper")


def test_a_will_is_bound_by_the_rules(bench: Bench) -> None:
    gateway = listening_gateway(bench)
    for name, victim in (("wind-1", "house-1"), ("house-1", "house-1")):
        client = Client(bench.port, bench.contexts[name])
        client.client.will_set(topics.up(SITE, victim, "state"), json.dumps({"by": name}).encode(), 1)
        client.start()
        connection: Any = client.client.socket()
        if connection is not None:
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # no DISCONNECT: the will counts
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
    before = bench.broker.pid
    assert bench.knock(bench.context(DoorKey("pile"), int(time.time()))).is_in
    bench.broker.refresh()
    assert bench.broker.pid == before


def test_the_revoked_are_sent_away_and_stay_out(bench: Bench) -> None:
    leaver, before = bench.client("leaver"), bench.broker.pid
    assert bench.door.revoke("leaver", int(time.time())) == 1
    bench.broker.refresh()
    assert until(lambda: leaver.lost)
    assert until(lambda: bench.broker.pid not in (before, None) and bench.knock(bench.contexts["wind-1"]).is_in)
    assert not bench.knock(bench.contexts["leaver"]).is_in
    assert bench.knock(bench.context(DoorKey("leaver"), int(time.time()))).is_in


def test_a_killed_broker_comes_back(bench: Bench) -> None:
    before = bench.broker.pid
    assert before
    os.kill(before, signal.SIGKILL)
    assert until(lambda: bench.broker.pid not in (before, None) and bench.knock(bench.contexts["wind-1"]).is_in)
