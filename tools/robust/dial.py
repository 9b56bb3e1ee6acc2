"""A meter's line to the broker."""

import socket
import ssl

from firmware.wire import mqtt, topics
from tools.loadtest.fleet import SITE

_KEEPALIVE_S = 600
_CONNECT_S, _READ_S = 5.0, 0.02


def dial(context: ssl.SSLContext, host: str, port: int, meter: str) -> ssl.SSLSocket:
    """Connected and subscribed; reads wait 20 ms. OSError if nobody is there."""
    line = socket.create_connection((host, port), _CONNECT_S)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    secured = context.wrap_socket(line, server_hostname=host)
    down = f"{topics.ROOT}/{SITE}/{meter}/down/#"
    secured.sendall(mqtt.connect(meter, _KEEPALIVE_S, True) + mqtt.subscribe(1, [(down, 1)]))
    secured.settimeout(_READ_S)
    return secured
