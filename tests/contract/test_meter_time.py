"""A real meter that starts without knowing the time, and who tells it: an SNTP server, the gateway's signed word, or both."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockchain_iface.archive import Archive
from firmware.wire import clock, cose, event, timesync, topics
from gateway.site import Site
from hil.bench import faketime
from tests.contract.meter_bench import GATEWAY, METER, MICROPYTHON, SITE, Bench, Device, until
from tests.contract.test_gateway_process import Bench as GatewayBench

TO_1970 = 2_208_988_800
WAIT_S = 2.6  # until the meter learns the time: rows of a second have ended by then
HALF_THE_WAIT_MS = 2500  # what the gateway's answer leaves open after so long a way, and some turns
LATEST_S = 6  # until a meter reads its device on a busy computer, and the half of the wait by which its clock may be wrong
LIE_S = 300


def timestamp(seconds: float) -> bytes:
    return int((seconds + TO_1970) * (1 << 32)).to_bytes(8, "big")


class TimeServer:
    """An SNTP server whose clock is ``ahead_s`` of ours; an answer takes it ``pause_s``."""

    def __init__(self, pause_s: float, ahead_s: float = 0) -> None:
        self.requests: list[bytes] = []
        self._pause = pause_s
        self._ahead = ahead_s
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            request, client = self._socket.recvfrom(512)
            if not request:
                return
            self.requests.append(request)
            received = time.time() + self._ahead
            time.sleep(self._pause)
            # stratum 1, precision 2^-20 s, root delay 1/256 s, root dispersion 1/128 s
            head = b"\x24\x01\x06\xec" + (256).to_bytes(4, "big") + (512).to_bytes(4, "big") + b"GPS\0"
            answer = head + timestamp(received) + request[40:48] + timestamp(received)
            self._socket.sendto(b"not an answer", client)
            self._socket.sendto(answer + timestamp(time.time() + self._ahead), client)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stopper:
            stopper.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()


class NoClockBench(Bench):
    """A bench whose meter has no clock. The gateway answers questions for the time after so many seconds, None for never."""

    def __init__(self, folder: Path, bus: dict[str, str | int], answers_after: float | None = None) -> None:
        self.answers_after = answers_after
        super().__init__(folder, bus)

    def _document(self, bus: dict[str, str | int]) -> dict[str, object]:
        return {**super()._document(bus), "board": {"clock": False}}

    def configure(self, **sections: object) -> None:
        self.config.write_text(json.dumps({**json.loads(self.config.read_text()), **sections}))

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic != topics.up(SITE, METER, "time"):
            super()._hear(topic, payload)
        elif self.answers_after is not None:
            threading.Timer(self.answers_after, self._tell_time, [payload]).start()

    def _tell_time(self, echo: bytes) -> None:
        answer = timesync.answer(GATEWAY, SITE, METER, int(time.time() * 1000), 50, echo)
        self.client.publish(topics.down(SITE, METER, "time"), answer)


class BornIn1970(NoClockBench):
    """A bench whose meter is told that its computer keeps its clock right; which says 1970, as without battery and network."""

    def _document(self, bus: dict[str, str | int]) -> dict[str, object]:
        return Bench._document(self, bus)

    def start_meter(self) -> None:
        command = ["env", f"LD_PRELOAD={faketime.library()}", "FAKETIME=@1970-01-01 00:00:01"]
        self._start("meter", [*command, str(MICROPYTHON), "-X", "heapsize=1M", "-m", "firmware.main", str(self.config)])


@pytest.fixture
def servers() -> Iterator[list[TimeServer]]:
    servers: list[TimeServer] = []
    yield servers
    for server in servers:
        server.close()


def check_dated_later(bench: NoClockBench, device: Device, source: int, within_ms: int) -> None:
    """Nothing is dated before the time was known, and what was metered until then is certified with its true time."""
    public = bytes.fromhex(json.loads(bench.identity().stdout)["public"])
    start = time.time()
    bench.start_meter()
    assert until(lambda: len(bench.received) >= 3 and bench.settled()), bench.log()
    first, *later = bench.check_chain(public)
    assert (first.dt, first.status) == (1, 0)
    assert 2 <= len(first.rows) <= 5
    assert start - 1 < first.t0 < start + LATEST_S
    assert [row[2] for row in first.rows] == [72_000] * len(first.rows)
    energy, seconds = later[-1].closing[0] - first.opening[0], later[-1].end - first.t0
    assert abs(energy - 20 * seconds) <= 25
    assert later[-1].closing[0] <= device.register()
    assert {body.clock.source for body in (first, *later)} == {source}
    assert all(body.clock.uncertainty_ms <= within_ms for body in (first, *later))
    assert until(lambda: len(bench.events) == 2), bench.log()
    boot, anchor = bench.check_events(public)
    assert (boot.kind, boot.time_ms, boot.clock.source) == (event.BOOT, None, clock.UNSET)
    assert anchor.kind == event.ANCHOR
    uptime, at = anchor.details[1], anchor.details[2]
    assert isinstance(uptime, int)
    assert isinstance(at, int)
    assert start - 1 < at / 1000 - uptime / 1000 < start + LATEST_S
    assert "1970" not in bench.log()


def test_intervals_are_dated_later_by_sntp(tmp_path: Path, device: Device, servers: list[TimeServer]) -> None:
    servers.append(TimeServer(WAIT_S))
    bench = NoClockBench(tmp_path, device.buses["tcp"])
    try:
        bench.configure(ntp={"host": "127.0.0.1", "port": servers[0].port})
        check_dated_later(bench, device, clock.NETWORK, 300)
        assert "time server: answers" in bench.log()
    finally:
        bench.close()
    (request,) = servers[0].requests
    assert request[:40] == b"\x23" + bytes(39)


def test_intervals_are_dated_later_by_the_gateways_signed_word(tmp_path: Path, device: Device) -> None:
    bench = NoClockBench(tmp_path, device.buses["tcp"], WAIT_S)
    try:
        check_dated_later(bench, device, clock.GATEWAY, HALF_THE_WAIT_MS)
    finally:
        bench.close()


def test_a_computers_clock_of_1970_is_not_believed(tmp_path: Path, device: Device) -> None:
    bench = BornIn1970(tmp_path, device.buses["tcp"], WAIT_S)
    try:
        check_dated_later(bench, device, clock.GATEWAY, HALF_THE_WAIT_MS)
    finally:
        pid = bench.processes["meter"].pid
        bench.close()
        faketime.clean_up(pid)


def join(bench: NoClockBench, gateway: GatewayBench) -> None:
    """Start a real gateway, and enrol the meter there."""
    gateway.start()
    token = gateway.site.token(METER, "Wind", "wind", None)
    answer = json.loads(gateway.enrol(json.loads(bench.identity().stdout), token).read_text())
    bench.configure(mqtt=answer["mqtt"], gateway_key=answer["gateway_key"], interval_s=2)


def events_on_ledger(site: Site) -> list[event.Event]:
    archive = Archive(site.root)
    try:
        statements = [cose.parse(entry.data) for entry in archive.entries()]
    finally:
        archive.close()
    return [event.decode(statement.payload) for statement in statements if statement.type == event.TYPE]


def test_a_clock_step_is_on_the_ledger(tmp_path: Path, device: Device, servers: list[TimeServer]) -> None:
    servers.append(TimeServer(0, ahead_s=-LIE_S))
    bench = NoClockBench(tmp_path, device.buses["tcp"])
    gateway = GatewayBench(tmp_path / "site", "whichever is here")
    try:
        join(bench, gateway)
        bench.configure(ntp={"host": "127.0.0.1", "port": servers[0].port})
        bench.start_meter()
        assert until(lambda: len(events_on_ledger(gateway.site)) == 3, 15), bench.log()
        boot, anchor, step = sorted(events_on_ledger(gateway.site), key=lambda body: body.number)
    finally:
        gateway.close()
        bench.close()
    assert [boot.kind, anchor.kind, step.kind] == [event.BOOT, event.ANCHOR, event.CLOCK_STEP]
    assert (anchor.clock.source, step.clock.source) == (clock.NETWORK, clock.GATEWAY)
    old, new = step.details[1], step.details[2]
    assert isinstance(old, int)
    assert isinstance(new, int)
    assert abs(new - old - 1000 * LIE_S) < 1000
    assert abs(time.time() * 1000 - new) < 20_000


def test_a_meter_in_1970_gets_in_by_tls_and_learns_the_time(tmp_path: Path, device: Device) -> None:
    bench = BornIn1970(tmp_path, device.buses["tcp"])
    gateway = GatewayBench(tmp_path / "site", "whichever is here")
    try:
        join(bench, gateway)
        bench.start_meter()
        assert until(lambda: len(events_on_ledger(gateway.site)) == 2, 15), bench.log()
        boot, anchor = sorted(events_on_ledger(gateway.site), key=lambda body: body.number)
    finally:
        pid = bench.processes["meter"].pid
        gateway.close()
        bench.close()
        faketime.clean_up(pid)
    assert [boot.kind, anchor.kind] == [event.BOOT, event.ANCHOR]
    assert (boot.clock.source, anchor.clock.source) == (clock.UNSET, clock.GATEWAY)
