import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.adapters.broker import find_mosquitto, free_port

from .conftest import ROOT, SKERRY

PATIENCE_S = 120


class Demo:
    """An endless demo in a process group of its own, as a terminal would have it."""

    def __init__(self, folder: Path) -> None:
        self.directory = folder / "run"
        self.output = folder / "output"
        command = [*SKERRY, "demo", "--interval", "2", "--dir", str(self.directory)]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)

    def until(self, word: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while word not in self.output.read_text():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.05)

    def family(self) -> set[int]:
        """All processes below it."""
        found: set[int] = set()
        waiting = [self.process.pid]
        while waiting:
            pid = waiting.pop()
            children = children_of(pid)
            found.update(children)
            waiting += children
        return found


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


def left_behind(pids: set[int]) -> set[int]:
    """Who is still there after a while. They are ended: a failing test must not leave them to the next one."""
    deadline = time.monotonic() + 10
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    found = alive(pids)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return found


@pytest.fixture
def strangers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """A broker and a MicroPython that the demo has not started."""
    interpreter = ROOT / ".skerry" / "bin" / "micropython"
    commands = [[str(interpreter), "-c", "import time; time.sleep(300)"]]
    mosquitto = find_mosquitto()
    if mosquitto is not None:
        commands.append([mosquitto, "-p", str(free_port())])
    started = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands]
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("moment", ["meters    read their opening", "settled 2 s"], ids=["starting", "running"])
def test_ctrl_c_stops_what_it_started_and_only_that(
    tmp_path: Path, strangers: list[subprocess.Popen[bytes]], moment: str
) -> None:
    demo = Demo(tmp_path)
    demo.until(moment)
    family = demo.family()
    assert len(family) >= 3
    os.killpg(demo.process.pid, signal.SIGINT)
    family |= demo.family()
    assert demo.process.wait(PATIENCE_S) == 0, demo.output.read_text()
    assert left_behind(family) == set()
    assert [process.poll() for process in strangers] == [None] * len(strangers)
    assert demo.output.read_text().endswith("stopped\n")
    assert "Traceback" not in demo.output.read_text()


def test_nothing_outlives_a_demo_that_was_killed(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    demo.until("settled 2 s")
    family = demo.family()
    # rig, gateway, broker and eleven meters
    assert len(family) >= 14
    demo.process.kill()
    demo.process.wait()
    assert left_behind(family) == set()
