"""/health and /metrics of a real gateway: each red that a process can turn, and green again by itself."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.monitoring.asking import ask
from tests.contract.test_gateway_process import ROOT, Bench, Station, until

PROGRAM = """
import functools, pathlib, sys, time
from gateway.core import health
health.LINK_S, health.WAITING_S, health.BEAT_S = 0.3, 0.5, 3
from gateway import service, worker
from gateway.site import Site
from gateway.web import serve
root = pathlib.Path(sys.argv[1])
tick = worker.Worker._tick
def freeze(self):
    while (root / "frozen").exists():
        time.sleep(0.05)
    tick(self)
worker.Worker._tick = freeze
service.run(root, functools.partial(serve, Site(root)))
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("health") / "site", "")
    bench.arguments = [sys.executable, "-c", PROGRAM, str(bench.site.root)]
    bench.start()
    yield bench
    bench.close()


@pytest.fixture(scope="module")
def station(bench: Bench) -> Station:
    return bench.station("wind-1", 11, "wind")


def red(bench: Bench) -> set[str]:
    """Checks that are not well, the clock aside: it is this computer's."""
    return {check["name"] for check in ask(bench.site)["checks"] if not check["well"]} - {"clock"}


def metrics(bench: Bench) -> dict[str, float]:
    page = httpx.get(f"{bench.site.status()['dashboard']}metrics").raise_for_status().text
    lines = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_a_gateway_at_work_is_well_and_counts(bench: Bench, station: Station) -> None:
    numbers = [station.certify() for _ in range(30)]
    station.send(*numbers)
    assert until(lambda: set(numbers) <= station.receipted())
    assert until(lambda: metrics(bench)['skerry_certificates_total{meter="wind-1"}'] == 30)
    figures = metrics(bench)
    assert figures["skerry_answer_latency_seconds_count"] == 30
    assert figures["skerry_broker_connected"] == 1
    assert figures['skerry_queue_messages{queue="outgoing"}'] <= 30
    assert until(lambda: metrics(bench)['skerry_queue_messages{queue="outgoing"}'] == 0)
    assert red(bench) == set()


def test_a_broker_that_is_gone_is_red_until_it_is_back(bench: Bench) -> None:
    os.kill(bench.site.status()["broker"]["pid"], signal.SIGKILL)
    assert until(lambda: red(bench) == {"broker"})
    assert until(lambda: red(bench) == set())


def test_a_ledger_that_takes_nothing_is_red_while_statements_wait(bench: Bench, station: Station) -> None:
    assert until(station.client.is_connected)
    time.sleep(1)
    assert red(bench) == set()  # an old head alone is not
    other = sqlite3.connect(bench.site.ledger, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    number = station.certify()
    station.send(number)
    assert until(lambda: "ledger" in red(bench))
    other.execute("ROLLBACK")
    other.close()
    assert until(lambda: number in station.receipted())
    assert until(lambda: red(bench) == set())


def test_a_frozen_worker_is_red(bench: Bench) -> None:
    frozen = bench.site.root / "frozen"
    frozen.touch()
    assert until(lambda: red(bench) == {"worker"})
    frozen.unlink()
    assert until(lambda: red(bench) == set())


def said(bench: Bench, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway", "health", str(bench.site.root), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=20)


def test_the_command_says_it_and_its_status_is_the_answer(bench: Bench) -> None:
    done = said(bench, "--json")
    report: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode == 0) == report["well"]
    assert [check["name"] for check in report["checks"]] == ["ledger", "broker", "worker", "disk", "clock"]
    assert "well  broker    connected" in said(bench).stdout
    bench.end(signal.SIGTERM)
    stopped = said(bench)
    assert (stopped.returncode, stopped.stderr) == (
        1,
        "gateway: the gateway does not run: `skerry gateway run` starts it, and its log says why it ended\n",
    )
