"""A real meter process on MicroPython with real Modbus and a real broker, and the gateway's part for tests to play."""

import asyncio
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from firmware.wire import certificate, cose, es256, event, log_piece, proof, receipt, rotation, topics
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
        self.rotations: list[bytes] = []
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
        if topic == topics.up(SITE, self.meter, "rotation"):
            self.rotations.append(payload)
            if self.answering:
                first = rotation.decode(cose.parse(payload).payload).certificate
                self._receipt(receipt.ROTATION, first, payload, GATEWAY)
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
