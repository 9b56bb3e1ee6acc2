"""The broker as a child process: mosquitto where there is one, else amqtt. Started again when it dies, gone when we are."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import structlog

from . import broker_rules as rules
from . import files, tied

_log = structlog.get_logger()
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 30.0
_PATIENCE_S = 10.0
_POLL_S = 0.02


class BrokerError(Exception):
    """The broker cannot be had: the message says why and what to do."""


def find_mosquitto() -> str | None:
    """mosquitto's path, or None. Debian keeps it where only root's PATH looks."""
    return shutil.which("mosquitto", path=_PATH)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, chosen by the operating system."""
    with socket.socket() as probe:
        probe.bind((rules.HOST, 0))
        return int(probe.getsockname()[1])


def command(directory: Path, site: str, port: int, mosquitto: str | None) -> list[str]:
    """The command that runs the broker, its files written to ``directory``."""
    passwords = directory / "passwd"
    if mosquitto is None:
        return [sys.executable, "-m", f"{__package__}.amqtt_broker", site, str(port), str(passwords)]
    acl, conf = directory / "acl", directory / "mosquitto.conf"
    files.write_secret(acl, rules.acl(site).encode())
    files.write_secret(conf, rules.mosquitto_conf(port, getpass.getuser(), passwords.resolve(), acl.resolve()).encode())
    return [mosquitto, "-c", str(conf)]


class Broker:
    """Keeps one broker running on one port of 127.0.0.1."""

    def __init__(self, directory: Path, site: str, port: int, mosquitto: str | None) -> None:
        """``directory`` has the password file; ``mosquitto`` is its program, or None for amqtt."""
        self.kind = "amqtt" if mosquitto is None else "mosquitto"
        self._passwords = directory / "passwd"
        self._command = [sys.executable, "-I", str(tied.__file__), str(os.getpid()), *command(directory, site, port, mosquitto)]
        self._port = port
        self._child: subprocess.Popen[str] | None = None
        self._read = files.version(self._passwords)
        self._stopping = threading.Event()
        # the child dies with the thread that started it, so this thread lives as long as we do
        self._thread = threading.Thread(target=self._keep, name="broker", daemon=True)

    @property
    def pid(self) -> int | None:
        """The running broker's process id."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start it, and return once it listens. BrokerError if somebody else has the port or it does not come up."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((rules.HOST, self._port))
            except OSError as error:
                raise BrokerError(f"port {self._port} is taken ({error}): stop what listens there, or choose another") from None
        self._thread.start()
        until = time.monotonic() + _PATIENCE_S
        while not self._listens():
            if time.monotonic() > until:
                self.stop()
                raise BrokerError(f"{self.kind} does not listen after {_PATIENCE_S:.0f} s: the log above has its last words")
            time.sleep(_POLL_S)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((rules.HOST, self._port)) == 0

    def refresh(self) -> None:
        """Have the password file read again if it has changed."""
        current = files.version(self._passwords)
        if current != self._read and self._child is not None:
            self._read = current
            self._child.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it, and return when it has ended."""
        self._stopping.set()
        if self._child is not None:
            self._child.terminate()
        self._thread.join()

    def _keep(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            started = time.monotonic()
            code = self._run()
            if self._stopping.is_set():
                return
            pause = _FIRST_PAUSE_S if time.monotonic() - started > _STEADY_S else min(2 * pause, _LONGEST_PAUSE_S)
            _log.warning("the broker has ended and is started again", broker=self.kind, code=code, pause_s=pause)
            self._stopping.wait(pause)

    def _run(self) -> int:
        self._read = files.version(self._passwords)
        child = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            process_group=0,  # a Ctrl-C is for us, who then end it in order
        )
        self._child = child
        _log.info("the broker runs", broker=self.kind, pid=child.pid, port=self._port)
        assert child.stderr is not None
        for line in child.stderr:
            _log.info("broker", line=line.rstrip())
        code = child.wait()
        self._child = None
        return code
