"""A program kept running: started again when it ends, gone when we are, its words in our log."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from . import tied

_log = structlog.get_logger()
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 30.0
_GRACE_S = 10.0


@dataclass(frozen=True)
class Program:
    """What to run: ``folder`` is the working directory (ours if None), ``environment`` is added to ours."""

    command: Sequence[str]
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class Child:
    """Keeps one program running. Override ``program`` where it depends on the moment."""

    def __init__(self, name: str, program: Program) -> None:
        """``name`` is what the log calls it."""
        self._name = name
        self._program = program
        self._process: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        # the child dies with the thread that started it, so this thread lives as long as we do
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    @property
    def pid(self) -> int | None:
        """The running program's process id."""
        return self._process.pid if self._process else None

    def program(self) -> Program:
        """What to run this time."""
        return self._program

    def start(self) -> None:
        """Begin to keep it running."""
        self._thread.start()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self) -> None:
        """End it, and return when it has ended."""
        self._stopping.set()
        self.send(signal.SIGTERM)
        if self._thread.ident is None:
            return
        self._thread.join(_GRACE_S)
        while self._thread.is_alive():
            self.send(signal.SIGKILL)
            self._thread.join(_FIRST_PAUSE_S)

    def _keep(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._run(self.program())
            if self._stopping.is_set():
                return
            pause = _FIRST_PAUSE_S if time.monotonic() - started > _STEADY_S else min(2 * pause, _LONGEST_PAUSE_S)
            _log.warning("a child has ended and is started again", child=self._name, code=code, pause_s=pause)
            self._stopping.wait(pause)

    def _run(self, program: Program) -> int:
        process = subprocess.Popen(
            [sys.executable, "-I", str(tied.__file__), str(os.getpid()), *program.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=program.folder,
            env={**os.environ, **program.environment},
            process_group=0,  # a Ctrl-C is for us, who then end it in order
        )
        self._process = process
        if self._stopping.is_set():
            process.terminate()  # stop() came between its start and our knowing of it
        _log.info("a child runs", child=self._name, pid=process.pid)
        assert process.stdout is not None
        for line in process.stdout:
            _log.info(self._name, line=line.rstrip())
        code = process.wait()
        self._process = None
        return code
