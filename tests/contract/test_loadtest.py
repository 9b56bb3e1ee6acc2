"""The load test as its user runs it, with a handful of meters; and what happens to more than a gateway takes at once."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tools.loadtest.field import Field, full
from tools.loadtest.fleet import commission
from tools.loadtest.station import Station
from tools.loadtest.subject import Subject

ROOT = Path(__file__).parents[2]
PHASES = ["full", "half", "attacked"]


def test_every_certificate_gets_a_receipt_that_holds(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tools.cli", "loadtest", "--meters", "6", "--each", "8", "--attack", "2000", "--json", "-")
    page = tmp_path / "report.html"
    done = subprocess.run((*command, "--html", str(page)), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [phase["name"] for phase in document["phases"]] == PHASES
    assert [phase["certificates"] for phase in document["phases"]] == [48, 24, 20]
    assert all(0 < phase["p50_ms"] <= phase["p99_ms"] <= phase["max_ms"] for phase in document["phases"])
    # the kernel counts processor time in hundredths of a second: a short phase may have none
    assert sum(phase["gateway_us"] for phase in document["phases"]) > 0
    assert document["receipts_checked"] == 6
    assert document["phases"][-1]["hostile"] > 100
    assert "<svg" in page.read_text()
    assert "http" not in page.read_text()


def test_what_comes_while_the_gateway_stands_still_waits_and_nothing_grows(tmp_path: Path) -> None:
    fleet = commission(tmp_path / "site", 5, 400, lambda _step, _more: None)
    subject = Subject(fleet.site)
    gateway = fleet.site.status()["pid"]
    try:
        door = fleet.site.door.ca
        stations = [Station(meter, meter.context(door), subject.host, subject.port) for meter in fleet.meters]
        for station in stations:
            station.enter()
        field = Field(stations)
        assert field.run(full(100, 1e9), 40).receipted == 200
        before, _ = subject.memory_mb()
        os.kill(gateway, signal.SIGSTOP)
        threading.Timer(1.0, os.kill, (gateway, signal.SIGCONT)).start()
        # more than the broker sends ahead of acknowledgements, so the rest waits there
        trial = field.run(full(1800, 1e9), 360)
        field.close()
        assert (trial.sent, trial.receipted) == (1800, 1800)
        assert max(trial.delays) > 1.0
        assert subject.memory_mb()[0] < before + 20
    finally:
        subject.stop()
