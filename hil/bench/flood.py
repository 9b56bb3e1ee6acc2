"""Knocks at a door with nonsense as often as it can: `python -m hil.bench.flood PORT`. Never returns."""

import os
import socket
import sys
from contextlib import suppress

_PATIENCE_S = 0.2


def knock(port: int) -> None:
    """Connect to a port of this machine, say nonsense, and hear what comes."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), _PATIENCE_S) as door:
        door.sendall(os.urandom(256))
        door.recv(256)


if __name__ == "__main__":
    while True:
        knock(int(sys.argv[1]))
