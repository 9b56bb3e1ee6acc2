"""The gateway as a process, with a real broker: what it has receipted survives whatever happens to it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from blockchain_iface.signatures import KeySigner
from firmware.wire import command, csr, receipt, topics
from gateway.adapters.broker import find_mosquitto
from gateway.adapters.registry import RegistryError
from gateway.core.token import LIFE_S
from gateway.site import Site, SiteError
from tests.door_keys import DoorKey
from tests.virtual_meter import SITE, VirtualMeter

ROOT = Path(__file__).parents[2]
INTERVAL = 2
PROGRAM = """
import pathlib, signal, sys
from gateway import service

if sys.argv[2] == "amqtt":
    service.find_mosquitto = lambda: None

def serve(view, vitals, host, port, on_ready):
    on_ready(f"http://{host}:{port}")
    while True:
        signal.pause()

service.run(pathlib.Path(sys.argv[1]), serve)
"""


def until(true: Callable[[], object], within_s: float = 15.0) -> bool:
    """Whether ``true`` came true in time."""
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Station:
    """A virtual meter on the broker: it sends, and checks every receipt."""

    def __init__(self, meter: VirtualMeter, key: DoorKey, answer: Path) -> None:
        document = json.loads(answer.read_text())
        self.meter = meter
        self.key = key
        self.verifier = receipt.Verifier(meter.site, bytes.fromhex(document["gateway_key"]))
        self.certificates: dict[int, bytes] = {}
        self.receipts: dict[int, list[bytes]] = {}
        self.commands: list[tuple[int, int]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, meter.meter)
        mqtt = document["mqtt"]
        self.client.tls_set_context(key.context(answer.parents[2], mqtt["tls"]["ca"], mqtt["tls"]["cert"]))
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(f"sk/v1/{meter.site}/{meter.meter}/down/#", 1)
        subscribed: list[object] = []
        self.client.on_subscribe = lambda *args: subscribed.append(args)
        self.client.on_message = self._on_message
        self.client.connect(mqtt["host"], mqtt["port"])
        self.client.loop_start()
        # a receipt that nobody listens for is not kept
        assert until(lambda: subscribed)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        if message.topic.endswith("/cmd"):
            self.commands.append(command.resend_of(command.parse(payload, self.meter.site, self.meter.meter).arguments))
            return
        _, seq, proof = receipt.unwrap(payload)
        self.verifier.check(proof, self.certificates[seq])
        self.receipts.setdefault(seq, []).append(proof)

    def certify(self) -> int:
        self.certificates[self.meter.seq] = self.meter.certify(3, 0)
        return self.meter.seq

    def send(self, *numbers: int) -> None:
        for seq in numbers:
            self.client.publish(topics.up(self.meter.site, self.meter.meter, "cert"), self.certificates[seq], 1)

    def receipted(self) -> set[int]:
        return set(self.receipts)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Bench:
    """A site and its gateway."""

    def __init__(self, root: Path, broker: str) -> None:
        self.site = Site(root)
        self.arguments = [sys.executable, "-c", PROGRAM, str(root), broker]
        if not self.site.root.exists():
            self.site.create(SITE, INTERVAL, 600)
        self.process: subprocess.Popen[bytes] | None = None
        self.stations: list[Station] = []

    def start(self) -> dict[str, Any]:
        self.launch()
        assert until(lambda: self.site.status()["running"]), (self.site.root / "log").read_text()
        return self.site.status()

    def launch(self) -> None:
        with (self.site.root / "log").open("ab") as log:
            self.process = subprocess.Popen(self.arguments, cwd=ROOT, stdout=log, stderr=log)

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(15)
        self.process = None
        return code

    def station(self, name: str, number: int, role: str, kind: type[Station] = Station) -> Station:
        now = int(time.time())
        meter = VirtualMeter(
            name, number, t0=now - now % INTERVAL - 100 * INTERVAL, interval=INTERVAL, site=self.site.settings().site
        )
        key = DoorKey(name)
        station = kind(meter, key, self.enrol(key.identity(meter), self.site.token(name, name.title(), role, None)))
        self.stations.append(station)
        return station

    def enrol(self, identity: dict[str, Any], token: str) -> Path:
        """Where the gateway's answer lies. SiteError if it refuses."""
        application = self.site.apply(json.dumps(identity).encode(), token)
        answer: list[Path | None] = []
        assert until(lambda: answer.append(self.site.answer(application)) or answer[-1])  # type: ignore[func-returns-value]
        assert answer[-1] is not None
        return answer[-1]

    def close(self) -> None:
        for station in self.stations:
            station.close()
        if self.process is not None:
            self.end(signal.SIGKILL)


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "site", getattr(request, "param", "whichever is here"))
    yield bench
    bench.close()


both_brokers = pytest.mark.parametrize("bench", ["mosquitto", "amqtt"] if find_mosquitto() else ["amqtt"], indirect=True)


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@both_brokers
def test_nothing_receipted_is_lost_when_the_gateway_is_killed(bench: Bench) -> None:
    before = bench.start()
    station = bench.station("wind-1", 11, "wind")
    first = [station.certify() for _ in range(20)]
    station.send(*first)
    assert until(lambda: station.receipted() == set(first))

    second = [station.certify() for _ in range(20)]
    station.send(*second)
    bench.end(signal.SIGKILL)
    assert until(lambda: not alive(before["broker"]["pid"]))
    held = dict(station.receipts)

    after = bench.start()
    assert after["broker"]["port"] == before["broker"]["port"]
    assert until(station.client.is_connected)
    missing = [seq for seq in second if seq not in held]
    station.send(*first, *missing)
    assert until(lambda: station.receipted() == {*first, *second} and all(len(station.receipts[seq]) > 1 for seq in first))
    # the same receipt as before the crash
    assert all(len(set(station.receipts[seq])) == 1 for seq in first)


def test_a_gap_is_asked_for_and_filled(bench: Bench) -> None:
    bench.start()
    station = bench.station("wind-1", 11, "wind")
    one, two, three = (station.certify() for _ in range(3))
    station.send(one, three)
    assert until(lambda: station.commands)
    assert station.commands == [(two, two)]
    station.send(two)
    assert until(lambda: station.receipted() == {one, two, three})


@both_brokers
def test_a_killed_broker_is_started_again_and_announced(bench: Bench) -> None:
    before = bench.start()
    station = bench.station("wind-1", 11, "wind")
    os.kill(before["broker"]["pid"], signal.SIGKILL)
    assert until(lambda: bench.site.status()["broker"]["pid"] != before["broker"]["pid"])
    assert until(station.client.is_connected)
    station.send(station.certify())
    assert until(lambda: station.receipted() == {1})


def test_sigterm_ends_it_in_order(bench: Bench) -> None:
    running = bench.start()
    assert bench.end(signal.SIGTERM) == 0
    assert not alive(running["broker"]["pid"])
    assert not bench.site.running.exists()
    assert bench.site.status() == {"running": False, "site": SITE}


def test_orders_and_bad_requests_leave_a_trace(bench: Bench) -> None:
    bench.start()
    bench.station("house-1", 12, "house")
    bench.site.order("recharge", "house-1", 5_000_000, "slip 1")
    bench.site.order("recharge", "nobody", 5_000_000, "slip 2")
    bench.site.enrolments.drop("wind-9", b"not an application")
    (bench.site.root / "orders" / "slip.json").write_text("{}")
    orders, enrol = bench.site.root / "orders", bench.site.root / "enrol"
    assert until(lambda: len(list((orders / "refused").glob("*.reason"))) == 2 and list((enrol / "refused").glob("*.reason")))
    reasons = [path.read_text() for path in (orders / "refused").glob("*.reason")]
    assert any("there is no account nobody" in reason for reason in reasons)
    assert any("Field required" in reason for reason in reasons)
    assert "document: Invalid JSON" in (enrol / "refused" / "wind-9.json.reason").read_text()
    assert len(list((orders / "done").iterdir())) == 1


def test_a_token_is_for_one_enrolment(bench: Bench, tmp_path: Path) -> None:
    bench.start()
    site, identity = bench.site, DoorKey("wind-1").identity(VirtualMeter("wind-1", 11))
    site.token("wind-1", "Wind", "wind", None)
    expired = site.tokens.issue("wind-1", int(time.time()) - LIFE_S)
    with pytest.raises(SiteError, match="the token has expired"):
        bench.enrol(identity, expired)
    elsewhere = Site(tmp_path / "atoll")
    elsewhere.create("atoll", INTERVAL, 600)
    with pytest.raises(SiteError, match="the token is for site atoll, this is isle"):
        bench.enrol(identity, elsewhere.token("wind-1", "Wind", "wind", None))
    token = site.token("wind-1", None, None, None)
    with pytest.raises(SiteError, match="never issued, or a newer one has replaced it"):
        bench.enrol(identity, expired)
    answer = json.loads(bench.enrol(identity, token).read_text())
    assert (answer["site"], answer["meter"]) == (SITE, "wind-1")
    with pytest.raises(SiteError, match="the token has been used"):
        bench.enrol(identity, token)
    assert token.rpartition(".")[2] not in (site.root / "log").read_text()


def test_an_enrolment_that_a_crash_cut_off_is_finished_however_late(bench: Bench) -> None:
    site, then = bench.site, int(time.time()) - 2 * LIFE_S
    site.token("wind-1", "Wind", "wind", None)
    token = site.tokens.issue("wind-1", then)
    application = site.apply(json.dumps(DoorKey("wind-1").identity(VirtualMeter("wind-1", 11))).encode(), token)
    # the gateway claimed it in time, and died
    site.tokens.claim(token, "wind-1", application.read_bytes(), then + 1)
    bench.start()
    assert until(lambda: site.answer(application))


def test_neither_a_name_nor_a_key_is_given_twice(bench: Bench) -> None:
    bench.start()
    first = bench.station("wind-1", 11, "wind")
    for identity, reason in (
        (DoorKey("wind-1").identity(VirtualMeter("wind-1", 12)), "wind-1 is enrolled already"),
        (DoorKey("wind-2").identity(VirtualMeter("wind-2", 11)), "the key is or was that of wind-1"),
    ):
        with pytest.raises(SiteError, match=reason):
            bench.enrol(identity, bench.site.token(identity["meter"], "Wind", "wind", None))
    copied = DoorKey("wind-3")
    copied.key = first.key.key
    copied.csr = csr.request(KeySigner(copied.key), "wind-3")
    with pytest.raises(SiteError, match="the csr's key is that of wind-1"):
        bench.enrol(copied.identity(VirtualMeter("wind-3", 13)), bench.site.token("wind-3", "Wind", "wind", None))
    assert [path.name for path in (bench.site.keys / "door" / "issued").iterdir()] == ["wind-1"]


@both_brokers
def test_who_is_revoked_is_out_at_once_and_back_with_a_new_token(bench: Bench) -> None:
    before = bench.start()
    wind, house = bench.station("wind-1", 11, "wind"), bench.station("house-1", 12, "house")
    wind.send(wind.certify())
    assert until(lambda: wind.receipted() == {1})
    assert bench.site.shut_out("wind-1") == 1
    assert until(lambda: not wind.client.is_connected())
    assert until(lambda: bench.site.status()["broker"]["pid"] != before["broker"]["pid"])
    assert until(house.client.is_connected)
    house.send(house.certify())
    assert until(lambda: house.receipted() == {1})
    assert not wind.client.is_connected()
    wind.close()
    identity = wind.key.identity(wind.meter)
    back = Station(wind.meter, wind.key, bench.enrol(identity, bench.site.token("wind-1", None, None, None)))
    bench.stations.append(back)
    # the ledger still has its key and its chain
    back.send(back.certify())
    assert until(lambda: back.receipted() == {2})


def test_a_slip_in_the_registry_breaks_nothing(bench: Bench) -> None:
    bench.start()
    station = bench.station("wind-1", 11, "wind")
    path, log = bench.site.root / "registry.json", bench.site.root / "log"
    whole = path.read_text()
    path.write_text(whole.replace('"role": "wind"', '"role": "wnd"'))
    assert until(lambda: f"{path}: line 6: role: Input should be" in log.read_text())
    station.send(station.certify())
    assert until(lambda: station.receipted() == {1})
    with pytest.raises(RegistryError, match="line 6: role"):
        bench.site.token("house-1", "House", "house", None)
    path.write_text(whole)
    bench.station("house-1", 12, "house")


def test_two_gateways_do_not_share_a_site(bench: Bench) -> None:
    bench.start()
    second = subprocess.run(bench.arguments, cwd=ROOT, capture_output=True, check=False, timeout=15)
    assert b"AlreadyRunning" in second.stderr
    assert bench.site.status()["running"]
