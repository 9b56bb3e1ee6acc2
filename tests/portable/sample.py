"""One meter's configuration and keys, for the portable tests."""

from firmware.meter.config import Config
from firmware.wire import es256

GATEWAY = es256.SoftwareSigner(bytes(31) + b"\x05")


def document(meter="wind-1", poll_ms=500):
    """A configuration as its file has it, of a meter at a TCP bus."""
    return {
        "site": "isle",
        "meter": meter,
        "interval_s": 10,
        "rows": 5,
        "poll_ms": poll_ms,
        "mqtt": {"host": "127.0.0.1", "port": 1883, "username": meter, "password": "secret"},
        "gateway_key": GATEWAY.public.hex(),
        "bus": {"kind": "tcp", "host": "127.0.0.1", "port": 15020},
        "devices": [{"unit": 1, "map": "sunspec", "role": "billing"}],
        "flash": f"{meter}.lfs",
    }


CONFIG = Config(document())
