"""The broker as a child process: mosquitto where there is one, else amqtt. Started again when it dies, gone when we are."""

import getpass
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

from blockchain_iface.child import Child, Program

from . import broker_rules as rules
from . import files

_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))
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


class Broker(Child):
    """Keeps one broker running on one port of 127.0.0.1."""

    def __init__(self, directory: Path, site: str, port: int, mosquitto: str | None) -> None:
        """``directory`` has the password file; ``mosquitto`` is its program, or None for amqtt."""
        super().__init__("broker", Program(command(directory, site, port, mosquitto)))
        self.kind = "amqtt" if mosquitto is None else "mosquitto"
        self._passwords = directory / "passwd"
        self._port = port
        self._read = files.version(self._passwords)

    def program(self) -> Program:
        """The broker, which reads the password file when it starts."""
        self._read = files.version(self._passwords)
        return super().program()

    def start(self) -> None:
        """Start it, and return once it listens. BrokerError if somebody else has the port or it does not come up."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((rules.HOST, self._port))
            except OSError as error:
                raise BrokerError(f"port {self._port} is taken ({error}): stop what listens there, or choose another") from None
        super().start()
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
        if current != self._read and self.pid is not None:
            self._read = current
            self.send(signal.SIGHUP)
