"""Whole-island runs, each made once for all tests that look at it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The whole island under power cuts."""
    return run(tmp_path_factory.mktemp("cut"), *["--power-cut", "--duration", "60", "--interval", "5", "--seed", "11"])
