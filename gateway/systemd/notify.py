"""Telling systemd how we are (sd_notify(3)): READY=1, WATCHDOG=1, STOPPING=1. Without systemd nobody is told."""

import os
import socket
from contextlib import suppress

# taken out of the environment: mosquitto, our child, would say READY in our name
_ADDRESS = os.environ.pop("NOTIFY_SOCKET", "")
READY, ALIVE, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


def tell(state: str) -> None:
    """Send ``state``. That nobody takes it changes nothing for us."""
    if not _ADDRESS:
        return
    # @ stands for the first byte of an abstract address (unix(7))
    place = "\0" + _ADDRESS[1:] if _ADDRESS[0] == "@" else _ADDRESS
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line, suppress(OSError):
        line.sendto(state.encode(), place)
