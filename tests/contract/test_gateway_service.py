"""The gateway as a service: what it tells systemd, how fast it ends under load, and the unit that is shipped."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import settings
from gateway.site import Site
from gateway.systemd.unit import unit
from tests.contract.test_gateway_process import ROOT, Bench, until
from tests.contract.test_gateway_restore import load, under_load

STOPS_WITHIN_S = 5.0


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """systemd's end of the line."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield line


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "site", "")
    yield bench
    bench.close()


def heard(line: socket.socket) -> list[str]:
    words = []
    while True:
        try:
            words.append(line.recv(64).decode())
        except BlockingIOError:
            return words


def test_systemd_hears_when_it_is_ready_alive_and_stopping_within_its_time_under_load(
    bench: Bench, told: socket.socket
) -> None:
    bench.start()
    assert "READY=1" in heard(told)
    assert until(lambda: "WATCHDOG=1" in heard(told))
    stations, goes_on = under_load(bench), threading.Event()
    goes_on.set()
    thread = load(stations, goes_on)
    assert until(lambda: all(len(station.receipts) > 20 for station in stations))
    heard(told)
    started = time.monotonic()
    assert bench.end(signal.SIGTERM) == 0
    assert time.monotonic() - started < STOPS_WITHIN_S
    goes_on.clear()
    thread.join()
    words = heard(told)
    assert words.count("STOPPING=1") == 1
    assert "READY=1" not in words


def test_a_stopped_process_is_not_alive(bench: Bench, told: socket.socket) -> None:
    bench.start()
    assert bench.process
    os.kill(bench.process.pid, signal.SIGSTOP)
    heard(told)
    time.sleep(0.5)
    assert heard(told) == []
    os.kill(bench.process.pid, signal.SIGCONT)
    assert until(lambda: "WATCHDOG=1" in heard(told))


def test_the_unit_is_for_this_site_and_machine(tmp_path: Path) -> None:
    site = Site(tmp_path / 'a "site" of 100%')
    site.create("isle", 10, 30)
    path = site.root / settings.FILE
    path.write_text(path.read_text() + '\n[standby]\ndirectory = "/mnt/stick"\n')
    text = unit(site)
    place = f'"{tmp_path}/a \\"site\\" of 100%%"'
    assert f"gateway run {place}\n" in text
    assert f'ReadWritePaths={place} "/mnt/stick"\n' in text
    assert f"User={site.root.owner()}\n" in text
    assert not {"/opt/skerry", "%i", "User=skerry"} & set(text.split())
    command = [sys.executable, "-m", "gateway", "unit", str(site.root)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=20).stdout == text
