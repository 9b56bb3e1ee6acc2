"""A child is started again when it ends, and stopped even if it is deaf."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from blockchain_iface import child
from blockchain_iface.child import Child, Program


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Child]:
    one = Child("sleeper", Program(["sh", "-c", 'echo "$WORD" > word; exec sleep 60'], tmp_path, {"WORD": "hello"}))
    one.start()
    yield one
    one.stop()


def until(true: Callable[[], object], within_s: float = 10.0) -> bool:
    end = time.monotonic() + within_s
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.usefixtures("sleeper")
def test_it_runs_where_and_as_it_is_told(tmp_path: Path) -> None:
    word = tmp_path / "word"
    assert until(lambda: word.exists() and word.read_text() == "hello\n")


def test_it_is_started_again(sleeper: Child) -> None:
    assert until(lambda: sleeper.pid)
    first = sleeper.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert until(lambda: sleeper.pid not in (None, first))


def test_stop_ends_it_for_good(sleeper: Child) -> None:
    assert until(lambda: sleeper.pid)
    sleeper.stop()
    assert sleeper.pid is None


def test_a_deaf_one_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(child, "_GRACE_S", 0.1)
    program = "import pathlib, signal, time; signal.signal(15, signal.SIG_IGN); pathlib.Path('deaf').touch(); time.sleep(60)"
    one = Child("deaf", Program([sys.executable, "-c", program], tmp_path))
    one.start()
    assert until((tmp_path / "deaf").exists)
    one.stop()
    assert one.pid is None


def test_one_never_started_is_stopped_too() -> None:
    Child("nobody", Program(["true"])).stop()
