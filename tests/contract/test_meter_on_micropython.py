"""A real meter process on MicroPython: real Modbus, a real broker, and a gateway played by the test."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from firmware.hal.block_file import BLOCK_SIZE
from firmware.meter import record
from firmware.wire import certificate, command, cose, enrolment, es256, event, log_piece, proof, receipt, topics
from firmware.wire.fields import u32
from gateway.adapters.broker import find_mosquitto
from gateway.core.telemetry import HealthMessage, StateMessage
from hil.devices.sunspec import SunSpecDevice, meter
from hil.links.server import RtuLine, Station, TcpLine
from hil.plant.island import Reading

ROOT = Path(__file__).parents[2]
MICROPYTHON = ROOT / ".skerry" / "bin" / "micropython"
SITE, METER = "isle", "wind-1"
GATEWAY = es256.SoftwareSigner(bytes(31) + b"\x05")
STRANGER = es256.SoftwareSigner(bytes(31) + b"\x06")
START_WH = 5_000_000
WH_PER_S = 20


def until(true: Callable[[], object], within_s: float = 8.0) -> bool:
    """Whether ``true`` came true in time."""
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Device:
    """A SunSpec meter that counts WH_PER_S, on both kinds of line, served from a thread."""

    def __init__(self) -> None:
        self.device = SunSpecDevice([meter("A", 100_000)])
        self.born = time.monotonic()
        self.buses: dict[str, dict[str, str | int]] = {}
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._ready.wait(10)

    def register(self) -> int:
        return START_WH + int(WH_PER_S * (time.monotonic() - self.born))

    def image(self) -> list[int]:
        return self.device.image(Reading(w=72_000, import_wh=self.register(), export_wh=7, dv=2300, mhz=50000, soc=None))

    async def _serve(self) -> None:
        station = Station(1, 3, self.device.first, self.image, lambda _address, _count: None)
        tcp, rtu = await TcpLine.open([station]), await RtuLine.open([station])
        self.buses = {"tcp": tcp.bus, "rtu": rtu.bus}
        self._ready.set()
        await self._stop.wait()
        await tcp.close()
        await rtu.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()


class Bench:
    """Broker, gateway and one meter, each of which can be killed and started again."""

    def __init__(self, folder: Path, bus: dict[str, str | int], meter: str = METER) -> None:
        self.meter = meter
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "broker.conf").write_text(self.broker_settings())
        self.config = folder / "wind-1.json"
        self.config.write_text(json.dumps(self._document(bus)))
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.received: dict[int, list[bytes]] = {}
        self.events: dict[int, bytes] = {}
        self.states: list[dict[str, object]] = []
        self.health: list[HealthMessage] = []
        self.log_pieces: list[tuple[int, int, bytes]] = []
        self.answering = True
        self.start_broker()
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(f"sk/v1/{SITE}/+/up/#", 1)
        self.client.on_message = lambda _client, _data, message: self._hear(message.topic, bytes(message.payload))
        assert until(self._connect)
        self.client.loop_start()

    def _document(self, bus: dict[str, str | int]) -> dict[str, object]:
        return {
            "site": SITE,
            "meter": self.meter,
            "interval_s": 1,
            "rows": 1,
            "poll_ms": 100,
            "mqtt": {"host": "127.0.0.1", "port": self.port, "username": self.meter, "password": "secret"},
            "gateway_key": GATEWAY.public.hex(),
            "bus": bus,
            "devices": [{"unit": 1, "map": "sunspec", "role": "billing"}],
            "flash": "wind-1.lfs",
        }

    def broker_settings(self) -> str:
        return f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"

    def _connect(self) -> bool:
        try:
            self.client.connect("127.0.0.1", self.port)
        except OSError:
            return False
        return True

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic == topics.up(SITE, self.meter, "state"):
            self.states.append(StateMessage.model_validate_json(payload).model_dump(exclude_unset=True))
            return
        if topic == topics.up(SITE, self.meter, "health"):
            self.health.append(HealthMessage.model_validate_json(payload))
            return
        if topic == topics.up(SITE, self.meter, "log"):
            self.log_pieces.append(log_piece.decode(payload))
            return
        if topic == topics.up(SITE, self.meter, "time"):
            return
        if topic == topics.up(SITE, self.meter, "event"):
            number = event.decode(cose.parse(payload).payload).number
            self.events[number] = payload
            if self.answering:
                self._receipt(receipt.EVENT, number, payload, GATEWAY)
            return
        seq = certificate.decode(cose.parse(payload).payload).seq
        self.received.setdefault(seq, []).append(payload)
        if self.answering:
            self.answer(seq)

    def answer(self, seq: int, signer: es256.SoftwareSigner = GATEWAY) -> None:
        """Publish a receipt for a tree of this one leaf."""
        self._receipt(receipt.CERTIFICATE, seq, self.received[seq][0], signer)

    def _receipt(self, kind: int, number: int, leaf: bytes, signer: es256.SoftwareSigner) -> None:
        signature = receipt.sign_head(signer, SITE, proof.leaf_hash(leaf))
        data = receipt.wrap(kind, number, receipt.encode(signer.kid, SITE, 1, 0, [], signature))
        self.client.publish(topics.down(SITE, self.meter, "receipt"), data, 1)

    def start_broker(self) -> None:
        mosquitto = find_mosquitto()
        assert mosquitto, "mosquitto is part of `make setup`"
        self._start("broker", [mosquitto, "-c", str(self.folder / "broker.conf")])

    def start_meter(self) -> None:
        # compiling the sources scatters a smaller heap; a board has them compiled, and the soak measures that
        self._start("meter", [str(MICROPYTHON), "-X", "heapsize=1M", "-m", "firmware.main", str(self.config)])

    def _start(self, name: str, arguments: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            # the leader of a session, as under systemd: a line opened carelessly would become its terminal
            process = subprocess.Popen(arguments, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        self.processes[name] = process

    def terminal(self) -> int:
        """The device number of the meter's controlling terminal, 0 for none (proc(5), tty_nr)."""
        status = Path(f"/proc/{self.processes['meter'].pid}/stat").read_text()
        return int(status.rpartition(")")[2].split()[4])

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def log(self) -> str:
        return (self.folder / "meter.log").read_text()

    def identity(self) -> subprocess.CompletedProcess[str]:
        command = [str(MICROPYTHON), "-m", "firmware.main", "--identity", str(self.config)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)

    def settled(self) -> bool:
        """Whether the meter's last word is that nothing is left to deliver."""
        last = self.states[-1] if self.states else {}
        return last.get("online") is True and last["pending"] == 0 and last["seq"] == len(self.received)

    def newest(self) -> certificate.Certificate:
        """The last certificate heard."""
        return certificate.decode(cose.parse(self.received[max(self.received)][0]).payload)

    def check_chain(self, public: bytes) -> list[certificate.Certificate]:
        """All that was heard is one chain: signed, without a hole or a double in numbers, ids, energy and time."""
        assert sorted(self.received) == list(range(1, len(self.received) + 1)), self.log()
        bodies: list[certificate.Certificate] = []
        previous = None
        for seq in sorted(self.received):
            assert len(set(self.received[seq])) == 1, f"two certificates {seq}"
            statement = cose.parse(self.received[seq][0])
            assert es256.verify(public, statement.id, statement.signature)
            body = certificate.decode(statement.payload)
            assert body.prev == previous
            if bodies:
                assert (body.opening, body.t0) == (bodies[-1].closing, bodies[-1].end)
            previous = statement.id
            bodies.append(body)
        return bodies

    def check_events(self, public: bytes) -> list[event.Event]:
        """All events that were heard are one signed chain without a hole."""
        assert sorted(self.events) == list(range(1, len(self.events) + 1)), self.log()
        statements = [cose.parse(self.events[number]) for number in sorted(self.events)]
        assert all(es256.verify(public, statement.id, statement.signature) for statement in statements)
        bodies = [event.decode(statement.payload) for statement in statements]
        assert [body.prev for body in bodies[1:]] == [statement.id for statement in statements[:-1]]
        return bodies

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        for name in list(self.processes):
            self.kill(name)


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    device = Device()
    yield device
    device.close()


@pytest.fixture
def bench(tmp_path: Path, device: Device) -> Iterator[Bench]:
    bench = Bench(tmp_path, device.buses["tcp"])
    yield bench
    bench.close()


@pytest.fixture
def public(bench: Bench) -> bytes:
    return bytes.fromhex(json.loads(bench.identity().stdout)["public"])


def test_the_identity_is_made_once_and_proves_itself(bench: Bench) -> None:
    first, second = bench.identity(), bench.identity()
    assert first.stdout == second.stdout
    printed = json.loads(first.stdout)
    statement = cose.parse(bytes.fromhex(printed["request"]))
    key = enrolment.public_of(statement)
    assert (printed["meter"], printed["public"]) == (METER, key.hex())
    assert es256.verify(key, statement.id, statement.signature)


def test_a_flash_has_one_user(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.received)
    refused = bench.identity()
    assert refused.returncode == 1
    assert "already running" in refused.stdout


def test_a_wrong_configuration_is_refused_in_words(bench: Bench) -> None:
    bench.config.write_text(bench.config.read_text().replace('"rows": 1', '"rows": 0'))
    refused = bench.identity()
    assert refused.returncode == 2
    assert "rows: a whole number from 1 to 60" in refused.stdout


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_a_kilowatt_hour_on_either_line(tmp_path: Path, device: Device, kind: str) -> None:
    bench = Bench(tmp_path, device.buses[kind])
    try:
        key = bytes.fromhex(json.loads(bench.identity().stdout)["public"])
        bench.start_meter()
        assert until(lambda: len(bench.received) >= 3 and bench.settled()), bench.log()
        end = device.register()
        bodies = bench.check_chain(key)
        # or pulling the adapter's plug would end the meter
        assert bench.terminal() == 0
    finally:
        bench.close()
    assert START_WH <= bodies[0].opening[0] < bodies[-1].closing[0] <= end
    assert bodies[1].closing[0] - bodies[1].opening[0] in range(WH_PER_S * 7 // 10, WH_PER_S * 13 // 10)
    assert bodies[1].rows[0][1:4] == (0, 72_000, 2300)
    assert (bodies[1].status, bodies[1].dt, bodies[2].seen and bodies[2].seen[0]) == (0, 1, 1)
    assert bench.states[-1]["soc"] is None
    assert bench.states[-1]["bus_errors"] == 0


def test_half_a_reply_does_not_stop_the_meter(tmp_path: Path) -> None:
    device, line = os.openpty()
    tty.setraw(line)
    bench = Bench(tmp_path, {"kind": "rtu", "path": os.ttyname(line), "baud": 115200})

    def answer_by_halves() -> None:
        with suppress(OSError):
            while request := os.read(device, 256):
                os.write(device, request[:2])

    answering = threading.Thread(target=answer_by_halves)
    answering.start()
    try:
        bench.start_meter()
        assert until(lambda: bench.states and bench.states[-1].get("bus_errors")), bench.log()
        assert "timeout" in bench.log()
    finally:
        bench.close()
        os.close(line)
        answering.join()
        os.close(device)


def test_power_cuts_lose_and_repeat_nothing(bench: Bench, device: Device, public: bytes) -> None:
    bench.answering = False
    for cut, delay in enumerate((0.25, 0.6, 1.05, 1.3, 0.9, 2.1)):
        bench.answering = cut >= 3
        bench.start_meter()
        time.sleep(delay)
        bench.kill("meter")
    bench.answering = True
    bench.start_meter()
    # a meter that owes nothing says so before its first certificate
    assert until(lambda: bench.settled() and bench.newest().boot == cut + 2), bench.log()
    bodies = bench.check_chain(public)
    assert len({body.boot for body in bodies}) > 1
    assert device.register() - bodies[-1].closing[0] < 3 * WH_PER_S
    assert until(lambda: bench.events and max(bench.events) == len(bench.events)), bench.log()
    events = bench.check_events(public)
    assert {body.kind for body in events} == {event.BOOT}
    boots = [body.boot for body in events]
    assert boots == sorted(set(boots))
    assert boots[-1] == bodies[-1].boot
    assert events[-1].details == {1: "start", 2: 0}


def test_certificates_come_again_until_their_receipt(bench: Bench, public: bytes) -> None:
    bench.answering = False
    bench.start_meter()
    assert until(lambda: len(bench.received.get(1, ())) >= 2), bench.log()
    bench.answer(1, STRANGER)
    assert until(lambda: "refused: receipt" in bench.log())
    assert bench.states[-1]["receipted"] == 0
    bench.answering = True
    bench.answer(1)
    assert until(bench.settled), bench.log()
    bench.check_chain(public)


def test_the_gateway_can_ask_again(bench: Bench) -> None:
    bench.answering = False
    bench.start_meter()
    assert until(lambda: 1 in bench.received)
    before = len(bench.received[1])
    bench.client.publish(topics.down(SITE, METER, "cmd"), command.issue(GATEWAY, SITE, METER, 1, command.RESEND, [1, 1], 0), 1)
    assert until(lambda: len(bench.received[1]) > before, within_s=1.5), bench.log()


def test_the_broker_may_die(bench: Bench, public: bytes) -> None:
    bench.start_meter()
    assert until(lambda: len(bench.received) >= 1)
    bench.kill("broker")
    time.sleep(2.2)
    assert bench.processes["meter"].poll() is None
    bench.start_broker()
    assert until(lambda: len(bench.received) >= 4 and bench.settled()), bench.log()
    bench.check_chain(public)
    assert "boot 2" not in bench.log()


def test_the_meter_says_how_it_is_doing(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.health), bench.log()
    health = bench.health[0]
    assert (health.boot, health.reset, health.rssi, health.refused, health.link_error) == (1, "start", None, 0, "")
    assert [(one.unit, one.errors) for one in health.bus] == [(1, {})]
    assert 20_000 < health.heap_free < 1 << 20
    assert 0 <= health.store_percent < 10
    assert health.uptime_s < 8


def test_the_last_will_says_that_the_meter_is_gone(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.states)
    bench.kill("meter")
    assert until(lambda: bench.states[-1] == {"online": False})


def test_no_secret_is_logged(bench: Bench) -> None:
    bench.start_meter()
    assert until(lambda: bench.received)
    assert "secret" not in bench.log()


def flip_in_data_blocks(flash: Path, statement: bytes) -> None:
    """Lose a bit of a statement in blocks that begin with a segment's first record: none of LittleFS's own."""
    content = bytearray(flash.read_bytes())
    for block in range(0, len(content), BLOCK_SIZE):
        begins_a_segment = content[block + 3 : block + record.HEAD] == u32(1)
        start = content.find(statement, block, block + BLOCK_SIZE)
        if begins_a_segment and start >= 0:
            content[start] ^= 1
    flash.write_bytes(content)


def test_a_damaged_certificate_is_reported_and_stays_in_the_debt(bench: Bench) -> None:
    bench.answering = False
    bench.start_meter()
    assert until(lambda: 4 in bench.received)  # a smaller file LittleFS keeps among its own
    bench.kill("meter")
    sent = len(bench.received[1])
    flip_in_data_blocks(bench.folder / "wind-1.lfs", bench.received[1][0])
    bench.answering = True
    bench.start_meter()
    assert until(lambda: "flash: 1 damaged" in bench.log()), bench.log()
    assert until(lambda: bench.states[-1].get("pending") == 1), bench.log()
    assert len(bench.received[1]) == sent


def test_the_store_keeps_its_word_at_every_flash_operation() -> None:
    script = [str(MICROPYTHON), "-X", "heapsize=64M", "-m", "tests.contract.flash_power_cut"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1].startswith("cuts"), done.stdout + done.stderr
