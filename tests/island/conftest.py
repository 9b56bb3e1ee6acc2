"""Whole-island runs, each made once for all tests that look at it."""

import json
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from tests.chromium import chromium

ROOT = Path(__file__).parents[2]
SKERRY = [sys.executable, "-m", "tools.cli"]


@dataclass(frozen=True)
class Run:
    """A demo that has ended: its exit status, its figures, what it printed, its directory."""

    status: int
    figures: dict[str, Any]
    output: str
    directory: Path

    @property
    def ledger(self) -> Path:
        return self.directory / "site" / "ledger.sqlite"


def skerry(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `skerry` to its end."""
    command = [*SKERRY, *map(str, arguments)]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=240)


def run(folder: Path, *arguments: str) -> Run:
    target, directory = folder / "figures.json", folder / "run"
    done = skerry("demo", *arguments, "--json", target, "--dir", directory)
    assert target.exists(), done.stdout + done.stderr
    return Run(done.returncode, json.loads(target.read_text()), done.stdout, directory)


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole island on a calm day."""
    return run(tmp_path_factory.mktemp("calm"), *["--duration", "25", "--interval", "5", "--meters", "11", "--seed", "7"])


@dataclass(frozen=True)
class Sighting:
    """What the open dashboard showed at one moment: the ledger's height, the debt, receipts of one meter, settled intervals."""

    height: int
    debt: str
    receipted: int
    newest_settlement: str


@dataclass(frozen=True)
class WatchedRun(Run):
    """A run at which somebody looked on, in one browser page that was never touched."""

    sightings: tuple[Sighting, ...]


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> WatchedRun:
    """The whole island under power cuts, watched on the dashboard."""
    folder = tmp_path_factory.mktemp("cut")
    output, figures, directory = folder / "output", folder / "figures.json", folder / "run"
    options = ["--power-cut", "--duration", "60", "--interval", "5", "--seed", "11", "--json", figures, "--dir", directory]
    with output.open("wb") as stream:
        demo = subprocess.Popen([*SKERRY, "demo", *map(str, options)], cwd=ROOT, stdout=stream, stderr=stream)
    try:
        sightings = _watch(demo, output)
        status = demo.wait(timeout=120)
    finally:
        demo.terminate()
        demo.wait(timeout=30)
    return WatchedRun(status, json.loads(figures.read_text()), output.read_text(), directory, tuple(sightings))


def _watch(demo: subprocess.Popen[bytes], output: Path) -> list[Sighting]:
    """Look at the dashboard twice a second until the island stops."""
    sightings: list[Sighting] = []
    deadline = time.monotonic() + 180
    with chromium() as browser:
        page = browser.new_page()
        page.goto(_address(demo, output))
        while "island    stops" not in output.read_text():
            assert demo.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            page.wait_for_timeout(500)
            # while the gateway is away the page may be loading itself anew
            with suppress(Error):
                shown = page.evaluate(_LOOK)
                if shown is not None:
                    sightings.append(Sighting(int(shown[0]), shown[1], int(shown[2]), shown[3]))
    return sightings


def _address(demo: subprocess.Popen[bytes], output: Path) -> str:
    for _ in range(600):
        found = re.search(r"dashboard (http://[0-9.:]+/)", output.read_text())
        if found:
            return found[1]
        assert demo.poll() is None, output.read_text()
        time.sleep(0.1)
    raise AssertionError(output.read_text())


_LOOK = """() => {
    const text = mark => document.querySelector(`[data-testid="${mark}"]`)?.innerText ?? "";
    const height = /block ([0-9,]+)/.exec(text("ledger-head"));
    const receipted = text("meter-home-2-receipted");
    if (!height || !receipted) return null;
    return [height[1].replaceAll(",", ""), text("debt"), receipted.replaceAll(",", ""), text("settlements-0")];
}"""
"""Reads the page in one go; null while it has nothing to show."""
