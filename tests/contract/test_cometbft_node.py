"""`skerry gateway run --engine cometbft`, as people type it, and what becomes of its node alone: metering does not notice."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from blockchain_iface.archive import Archive
from blockchain_iface.verify import verify
from gateway.adapters import settings
from tests.contract.test_gateway_process import INTERVAL, Bench, Station, until
from tools import testnet


class Typed(Bench):
    """A site whose settings name the other engine, and whose gateway was told otherwise."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "")
        self.arguments = [sys.executable, "-m", "tools.cli", "gateway", "run", str(root), "--engine", "cometbft"]
        path = root / settings.FILE
        path.write_text(path.read_text().replace('engine = "cometbft"', 'engine = "embedded"'))
        self.wal = root / "cometbft" / "data" / "cs.wal" / "wal"

    @property
    def log(self) -> str:
        return (self.site.root / "log").read_text()

    def nodes(self) -> list[int]:
        """The process ids of the nodes so far."""
        lines: list[dict[str, Any]] = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line["pid"] for line in lines if line.get("child") == "cometbft" and "pid" in line]

    def has_run(self, times: int) -> bool:
        """Whether nodes have run so often."""
        return len(self.nodes()) >= times

    def kill_node(self) -> None:
        os.kill(self.nodes()[-1], signal.SIGKILL)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    (site,) = testnet.create(tmp_path_factory.mktemp("isles"), 1, INTERVAL)
    typed = Typed(site.root)
    typed.launch()
    # the dashboard is loaded, the node begins: all of it slower where others work, too
    assert until(lambda: typed.site.status()["running"], 40), typed.log
    yield typed
    try:
        ended = typed.end(signal.SIGTERM)
    finally:
        typed.close()
    assert ended == 0, typed.log
    assert verify(Archive(site.root)).certificates == sum(len(station.certificates) for station in typed.stations)


def metered(station: Station, count: int) -> set[int]:
    """So many certificates, sent."""
    numbers = [station.certify() for _ in range(count)]
    station.send(*numbers)
    return set(numbers)


def test_the_command_line_chooses_the_engine(typed: Typed) -> None:
    assert 'engine = "embedded"' in (typed.site.root / settings.FILE).read_text()
    assert typed.nodes()
    station = typed.station("wind-1", 11, "wind")
    numbers = metered(station, 3)
    assert until(lambda: station.receipted() == numbers), typed.log


def test_a_killed_node_is_waited_for(typed: Typed) -> None:
    station, numbers = typed.station("wind-2", 12, "wind"), set[int]()
    for _ in range(2):
        runs = len(typed.nodes())
        typed.kill_node()
        numbers |= metered(station, 5)
        assert until(partial(typed.has_run, runs + 1)), typed.log
    assert until(lambda: station.receipted() == numbers, 30), typed.log


def test_a_node_whose_disk_is_full_is_waited_for(typed: Typed) -> None:
    station, runs = typed.station("wind-3", 13, "wind"), len(typed.nodes())
    # what the node writes before anything else is on a device that has no room (full(4)): it runs no further than that
    room = typed.wal.rename(typed.wal.with_name("room"))
    typed.wal.symlink_to("/dev/full")
    typed.kill_node()
    numbers = metered(station, 20)
    assert until(partial(typed.has_run, runs + 2), 30), typed.log
    assert "no space left on device" in typed.log
    assert not station.receipted()
    room.replace(typed.wal)
    assert until(lambda: station.receipted() == numbers, 30), typed.log
