"""`skerry meter scan` over a pty at a line's own pace, and over TCP."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest
import serial
from typer.testing import CliRunner, Result

from hil.devices import sunspec
from hil.devices.device import Device
from hil.devices.registers import MappedDevice
from hil.faults.bus import Piece
from hil.links.paced import PacedLine
from hil.links.server import HOST, TcpLine
from hil.links.slaves import Slaves
from tools.bench_bus import station
from tools.meter.cli import app
from tools.meter.scan.course import QUICK_UNITS, SETTINGS
from tools.meter.scan.question import Setting

pytestmark = pytest.mark.paced

HOUSE: dict[int, Device] = {
    1: sunspec.SunSpecDevice([sunspec.common("meter-203", "M-1", 1), sunspec.meter("ABC", 20_000)]),
    3: MappedDevice("eastron_sdm120"),
}
SPEEDS = {termios.B9600: 9600, termios.B19200: 19200, termios.B2400: 2400, termios.B115200: 115200}


class Parity:
    """The parity that the newest port speaks: a pseudo-terminal keeps its rate, but knows no parity."""

    now = ""


class Port(serial.Serial):  # type: ignore[misc]
    def _reconfigure_port(self, *args: Any, **kwargs: Any) -> None:
        Parity.now, self._parity = self.parity, serial.PARITY_NONE  # which is all that a pseudo-terminal takes
        super()._reconfigure_port(*args, **kwargs)
        self._parity = Parity.now


def line_of(setting: Setting, devices: dict[int, Device]) -> PacedLine:
    """A line whose devices understand this setting only; at another rate the answer is not to be read."""
    slaves = Slaves([station(unit, device) for unit, device in devices.items()])

    def answer(request: bytes) -> list[Piece]:
        far = os.open(str(line.bus["path"]), os.O_RDWR | os.O_NOCTTY)
        try:
            baud = SPEEDS.get(termios.tcgetattr(far)[4])
        finally:
            os.close(far)
        if baud != setting.baud:
            return [Piece(b"\xf8\x1e\x80")] if request[0] in devices else []
        return slaves.answer(request) if Parity.now == setting.parity else []

    line = PacedLine(setting.baud, answer)
    return line


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(serial, "Serial", Port)
    return lambda *arguments: CliRunner().invoke(app, ["scan", *map(str, arguments)])


def test_a_serial_line_is_found_with_all_that_is_on_it(scan: Callable[..., Result], tmp_path: Path) -> None:
    setting = SETTINGS[4]  # behind some at which nobody, or nobody to be understood, answers
    line = line_of(setting, HOUSE)
    try:
        log = tmp_path / "frames.jsonl"
        done = scan(line.bus["path"], "--quick", "--json", "--log", log)
    finally:
        line.close()
    assert done.exit_code == 0, done.output
    found = {device["unit"]: device for device in json.loads(done.stdout)["devices"]}
    assert {unit: device["maps"] for unit, device in found.items()} == {1: ["sunspec"], 3: ["eastron_sdm120"]}
    assert all(device["setting"] == {"baud": setting.baud, "parity": setting.parity} for device in found.values())
    assert found[1]["identity"]["nameplate"]["serial"] == "M-1"
    head, *exchanges = [json.loads(text) for text in log.read_text().splitlines()]
    assert head == {"frames": 1, "bus": line.bus["path"], "kind": "rtu"}
    assert len(exchanges) == line.frames
    assert {exchange["sent"][2:4] for exchange in exchanges} == {"03", "04"}
    assert any(exchange["heard"] == "f81e80" for exchange in exchanges)


def test_a_tcp_gateway_is_found_with_all_that_is_behind_it(scan: Callable[..., Result]) -> None:
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    stations = [station(unit, HOUSE[1 if unit == 1 else 3]) for unit in QUICK_UNITS]
    line = asyncio.run_coroutine_threadsafe(TcpLine.open(stations), loop).result()
    try:
        done = scan(f"{HOST}:{line.bus['port']}", "--quick", "--json")
    finally:
        asyncio.run_coroutine_threadsafe(line.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert done.exit_code == 0, done.output
    found = {device["unit"]: device["maps"] for device in json.loads(done.stdout)["devices"]}
    assert found == {unit: ["sunspec" if unit == 1 else "eastron_sdm120"] for unit in QUICK_UNITS}


def test_ctrl_c_and_resume(tmp_path: Path) -> None:
    line = PacedLine(9600, Slaves([station(1, MappedDevice("eastron_sdm120"))]).answer)
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "tools.cli", "meter", "scan", str(line.bus["path"])]
    try:
        log = tmp_path / "frames.jsonl"
        running = subprocess.Popen(
            [*command, "--log", str(log)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while line.frames < 40:
            assert running.poll() is None
            sleep(0.01)
        running.send_signal(signal.SIGINT)
        said, complaint = running.communicate(timeout=20)
        assert running.returncode == 130, complaint
        place = re.search(r"Stopped in the (\w+) scan, unit (\d+) at 9600 8N1: you stopped it\.", said)
        assert place is not None, said
        before = line.frames
        resumed = subprocess.run(
            [*command, "--quick", "--resume", "--json"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert resumed.returncode == 0, resumed.stderr
        assert [device["maps"] for device in json.loads(resumed.stdout)["devices"]] == [["eastron_sdm120"]]
        assert line.frames - before < 30  # the device is known already
    finally:
        line.close()


def test_bad_lines_are_named(scan: Callable[..., Result], tmp_path: Path) -> None:
    absent = scan(tmp_path / "ttyUSB9")
    assert (absent.exit_code, absent.stdout) == (1, "")
    assert "there is no such port. Plug the adapter in" in absent.stderr
    nobody = scan("127.0.0.1:1")
    assert (nobody.exit_code, "Connection refused" in nobody.stderr) == (1, True)
    busy = PacedLine(9600, lambda _: [])
    try:
        with serial.Serial(str(busy.bus["path"]), exclusive=True):
            taken = scan(busy.bus["path"])
    finally:
        busy.close()
    assert (taken.exit_code, "another program has it open" in taken.stderr) == (1, True)
