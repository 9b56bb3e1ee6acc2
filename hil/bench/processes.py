"""Child processes that never outlive us: each in a session of its own, tied to this process, its words in a log file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import firmware
from blockchain_iface import tied

ROOT = Path(firmware.__file__).parents[1]
"""The checkout, in which all commands run."""
_POLL_S = 0.05


class Failed(Exception):
    """The run cannot go on. The message is for people: which step, why, and which file to read."""


class Child:
    """One program, started as often as needed. Start it from the main thread: it dies with the thread that started it."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """``folder``: the working directory. ``log`` is appended to. ``environment``: besides our own."""
        self.name = name
        self.log = log
        self._command = [sys.executable, "-I", str(tied.__file__), str(os.getpid()), *command]
        self._folder = folder
        self._environment = {"PYTHONUNBUFFERED": "1", **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self, *arguments: str) -> None:
        """Start it, with more `arguments` this time. In a session of its own, so that Ctrl-C reaches us and not it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self._environment},
            )

    def check(self) -> None:
        """Failed if it has ended by itself."""
        code = self._process.poll() if self._process is not None else None
        if code is not None:
            raise Failed(f"{self.name} ended by itself ({_meaning(code)}): {self._last_words()}. Read {self.log}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.pid is not None and self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut does, and return when it is gone."""
        self.send(signal.SIGKILL)
        self.forget()

    def wait(self, patience_s: float) -> bool:
        """Whether it has ended within ``patience_s`` seconds."""
        try:
            if self._process is not None:
                self._process.wait(max(0.0, patience_s))
        except subprocess.TimeoutExpired:
            return False
        return True

    def forget(self) -> None:
        """Wait for its end and count it as not started."""
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").split("\n") if self.log.exists() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def stop(children: Iterable[Child], patience_s: float) -> None:
    """Ask all to end, wait together for ``patience_s`` seconds, then kill those that did not."""
    running = [child for child in children if child.pid is not None]
    for child in running:
        child.send(signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    for child in running:
        if not child.wait(deadline - time.monotonic()):
            child.send(signal.SIGKILL)
        child.forget()


def wait_for(path: Path, child: Child, patience_s: float) -> None:
    """Return once ``child`` has written ``path``. Failed if it ends before, or not within ``patience_s`` seconds."""
    deadline = time.monotonic() + patience_s
    while not path.exists():
        child.check()
        if time.monotonic() > deadline:
            raise Failed(f"{child.name} was not ready within {patience_s:.0f} s. Read {child.log}")
        time.sleep(_POLL_S)


def run(what: str, command: Sequence[str], folder: Path, patience_s: float) -> str:
    """Run a program to its end and return what it printed. Failed, with its last words, if it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=patience_s,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{what}: {error}") from None
    if done.returncode:
        words = (done.stdout + done.stderr).strip() or _meaning(done.returncode)
        raise Failed(f"{what}: {words.splitlines()[-1]}")
    return done.stdout


def _meaning(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit status {code}"
