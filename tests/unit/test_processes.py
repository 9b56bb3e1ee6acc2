import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hil.bench.processes import Child, Failed, run, stop, wait_for

STUBBORN = "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
PARENT = """
import sys, time
from pathlib import Path
from hil.bench.processes import Child
child = Child("sleeper", ["sleep", "60"], Path(sys.argv[1]), Path("."))
child.start()
print(child.pid, flush=True)
time.sleep(60)
"""


def child(tmp_path: Path, *command: str) -> Child:
    return Child("clock", command, tmp_path / "clock.log", tmp_path)


def is_alive(pid: int) -> bool:
    """Whether there is such a process and it is no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


def until_log_says(one: Child, word: str) -> None:
    deadline = time.monotonic() + 10
    while not one.log.exists() or word not in one.log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, f"{one.name} never said {word}"
        time.sleep(0.01)


def test_child_has_a_session_of_its_own_and_a_log(tmp_path: Path) -> None:
    one = child(tmp_path, "sh", "-c", "echo in; echo out >&2; sleep 60")
    one.start()
    until_log_says(one, "in\nout\n")
    assert one.pid is not None
    assert os.getsid(one.pid) == one.pid
    stop([one], 5)
    assert one.pid is None


def test_child_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, tmp_path / "log"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, "the child outlives its parent"
        time.sleep(0.01)


def test_stop_kills_who_does_not_listen(tmp_path: Path) -> None:
    one = child(tmp_path, "sh", "-c", STUBBORN)
    one.start()
    until_log_says(one, "deaf")
    pid = one.pid
    assert pid is not None
    stop([one], 0.2)
    assert not is_alive(pid)


def test_kill_is_not_an_end_by_itself(tmp_path: Path) -> None:
    one = child(tmp_path, "sleep", "60")
    one.start()
    one.kill()
    one.check()
    assert one.pid is None
    one.start()
    assert one.pid is not None
    stop([one], 5)


def test_an_end_by_itself_is_told_with_last_words_and_log(tmp_path: Path) -> None:
    one = child(tmp_path, "sh", "-c", "echo the mainspring broke; exit 3")
    one.start()
    assert one.wait(10)
    with pytest.raises(Failed, match=r"clock ended by itself \(exit status 3\): the mainspring broke. Read .*clock\.log"):
        one.check()


def test_an_end_by_signal_is_told(tmp_path: Path) -> None:
    one = child(tmp_path, "sleep", "60")
    one.start()
    one.send(signal.SIGKILL)
    assert one.wait(10)
    with pytest.raises(Failed, match="signal 9"):
        one.check()


def test_wait_for_a_file(tmp_path: Path) -> None:
    one = child(tmp_path, "sh", "-c", "sleep 0.1; : > ready; sleep 60")
    one.start()
    wait_for(tmp_path / "ready", one, 10)
    with pytest.raises(Failed, match="not ready within 0 s"):
        wait_for(tmp_path / "never", one, 0)
    stop([one], 5)


def test_run_returns_what_is_printed(tmp_path: Path) -> None:
    assert run("the clock", ["sh", "-c", "echo $PWD"], tmp_path, 10) == f"{tmp_path}\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (["sh", "-c", "echo first; echo no hands >&2; exit 1"], "the clock: no hands"),
        (["sh", "-c", "exit 4"], "the clock: exit status 4"),
        (["no-such-program"], "the clock: .*no-such-program"),
        (["sleep", "60"], "the clock: .*timed out"),
    ],
)
def test_run_fails_with_a_sentence(tmp_path: Path, command: list[str], reason: str) -> None:
    with pytest.raises(Failed, match=reason):
        run("the clock", command, tmp_path, 0.5)
