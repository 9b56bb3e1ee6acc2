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

from firmware.wire import command, receipt, topics
from gateway.adapters.broker import find_mosquitto
from gateway.site import Site
from tests.virtual_meter import SITE, VirtualMeter

ROOT = Path(__file__).parents[2]
INTERVAL = 2
PROGRAM = """
import pathlib, signal, sys
from gateway import service

if sys.argv[2] == "amqtt":
    service.find_mosquitto = lambda: None

def serve(view, host, port, on_ready):
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

    def __init__(self, meter: VirtualMeter, credentials: Path) -> None:
        document = json.loads(credentials.read_text())
        self.meter = meter
        self.verifier = receipt.Verifier(SITE, bytes.fromhex(document["gateway_key"]))
        self.certificates: dict[int, bytes] = {}
        self.receipts: dict[int, list[bytes]] = {}
        self.commands: list[tuple[int, int]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, meter.meter)
        self.client.username_pw_set(document["username"], document["password"])
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(f"sk/v1/{SITE}/{meter.meter}/down/#", 1)
        self.client.on_message = self._on_message
        self.client.connect(document["host"], document["port"])
        self.client.loop_start()

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        if message.topic.endswith("/cmd"):
            self.commands.append(command.resend_of(command.parse(payload, SITE, self.meter.meter).arguments))
            return
        _, seq, proof = receipt.unwrap(payload)
        self.verifier.check(proof, self.certificates[seq])
        self.receipts.setdefault(seq, []).append(proof)

    def certify(self) -> int:
        self.certificates[self.meter.seq] = self.meter.certify(3, 0)
        return self.meter.seq

    def send(self, *numbers: int) -> None:
        for seq in numbers:
            self.client.publish(topics.up(SITE, self.meter.meter, "cert"), self.certificates[seq], 1)

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
        self.site.create(SITE, INTERVAL, 600)
        self.process: subprocess.Popen[bytes] | None = None
        self.stations: list[Station] = []

    def start(self) -> dict[str, Any]:
        with (self.site.root / "log").open("ab") as log:
            self.process = subprocess.Popen(self.arguments, cwd=ROOT, stdout=log, stderr=log)
        assert until(lambda: self.site.status()["running"]), (self.site.root / "log").read_text()
        return self.site.status()

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(15)
        self.process = None
        return code

    def station(self, name: str, number: int, role: str) -> Station:
        now = int(time.time())
        meter = VirtualMeter(name, number, t0=now - now % INTERVAL - 100 * INTERVAL, interval=INTERVAL)
        enrolled = self.site.enrol(meter.request, name.title(), role, "")
        assert until((self.site.root / "enrol" / "done" / f"{name}.cbor").exists)
        station = Station(meter, enrolled.credentials)
        self.stations.append(station)
        return station

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
    bench.site.enrolments.drop("wind-9", b"not a request")
    (bench.site.root / "orders" / "slip.json").write_text("{}")
    orders, enrol = bench.site.root / "orders", bench.site.root / "enrol"
    assert until(lambda: len(list((orders / "refused").glob("*.reason"))) == 2 and list((enrol / "refused").glob("*.reason")))
    reasons = [path.read_text() for path in (orders / "refused").glob("*.reason")]
    assert any("there is no account nobody" in reason for reason in reasons)
    assert any("Field required" in reason for reason in reasons)
    assert "registry.json does not say what wind-9 is" in (enrol / "refused" / "wind-9.cbor.reason").read_text()
    assert len(list((orders / "done").iterdir())) == 1


def test_two_gateways_do_not_share_a_site(bench: Bench) -> None:
    bench.start()
    second = subprocess.run(bench.arguments, cwd=ROOT, capture_output=True, check=False, timeout=15)
    assert b"AlreadyRunning" in second.stderr
    assert bench.site.status()["running"]
