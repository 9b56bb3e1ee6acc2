"""The broker as a child process: mosquitto where there is one, else amqtt. Started again when it dies, gone when we are."""

import getpass
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import structlog

from blockchain_iface.child import Child, Program

from . import broker_rules as rules
from . import files
from .door import Door

_log = structlog.get_logger()
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
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(directory: Path, site: str, host: str, port: int, door: Door, mosquitto: str | None) -> list[str]:
    """The command that runs the broker, its files written to ``directory``."""
    ca, certificate, crl = (path.resolve() for path in (door.ca, door.broker, door.crl))
    if mosquitto is None:
        return [sys.executable, "-m", f"{__package__}.amqtt_broker", site, host, str(port), *map(str, (ca, certificate, crl))]
    acl, conf = directory.resolve() / "acl", directory / "mosquitto.conf"
    files.write_secret(acl, rules.acl(site).encode())
    files.write_secret(conf, rules.mosquitto_conf(host, port, getpass.getuser(), ca, certificate, crl, acl).encode())
    return [mosquitto, "-c", str(conf)]


class Broker(Child):
    """Keeps one broker running on one port."""

    def __init__(self, directory: Path, site: str, host: str, port: int, door: Door, mosquitto: str | None) -> None:
        """``host``: an IPv4 address of this machine; ``mosquitto`` is its program, or None for amqtt."""
        super().__init__("broker", Program(command(directory, site, host, port, door, mosquitto)))
        self.kind = "amqtt" if mosquitto is None else "mosquitto"
        self._door = door
        self._address = host, port
        self._read = door.version()

    def program(self) -> Program:
        """The broker, which reads the door's files when it starts."""
        self._read = self._door.version()
        return super().program()

    def start(self) -> None:
        """Start it, and return once it listens. BrokerError if somebody else has the port or it does not come up."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(self._address)
            except OSError as error:
                where = "{}:{}".format(*self._address)
                raise BrokerError(f"{where} cannot be had ({error}): stop what listens there, or choose another") from None
        super().start()
        until = time.monotonic() + _PATIENCE_S
        while not self._listens():
            if time.monotonic() > until:
                self.stop()
                raise BrokerError(f"{self.kind} does not listen after {_PATIENCE_S:.0f} s: the log above has its last words")
            time.sleep(_POLL_S)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(self._address) == 0

    def refresh(self) -> None:
        """Have it started again if its certificates or the list of revoked ones have changed.

        A new list alone would let the revoked stay who are in already.
        """
        current = self._door.version()
        if current != self._read and self.pid is not None:
            self._read = current
            _log.info("the broker starts again: its certificates have changed", broker=self.kind)
            self.send(signal.SIGTERM)
