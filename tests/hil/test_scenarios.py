"""A real scenario through the pytest plugin, and one that somebody stops."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from hil.history import Ending, Recording
from hil.scenario import find

ROOT = Path(__file__).parents[2]


def plugin(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "hil.pytest_plugin", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_scenario_is_a_test_that_passes_if_its_judgement_does(tmp_path: Path) -> None:
    done = plugin(find("smoke"), "--hil-out", tmp_path / "runs")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    recording = Recording.read(tmp_path / "runs" / "smoke" / "history.jsonl")
    assert recording.finished
    faults = [(event.what, event.details["fault"]["on"]) for event in recording.events if event.what.startswith("fault")]
    assert sorted(faults) == [(f"fault {what}", on) for what in ("begins", "ends") for on in ("bus", "network", "power")]
    assert recording.series["hits.network latency"][-1][1] > 0


def test_a_run_that_is_stopped_is_aborted_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hil", "run", "smoke", "--out", str(tmp_path / "runs")]
    history = tmp_path / "runs" / "smoke" / "history.jsonl"
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as run:
        deadline = time.monotonic() + 30
        while not history.exists() or '"who":"gateway"' not in history.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=30)
    assert run.returncode == 3
    assert "aborted: somebody stopped it" in said
    assert "again: skerry hil run smoke" in said
    end = Recording.read(history).end
    assert end is not None
    assert end.ending is Ending.ABORTED
    mine = str(tmp_path).encode()
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if mine in read(path)]
    assert (tmp_path / "runs" / "report.html").exists()


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
