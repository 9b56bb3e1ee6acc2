"""Start a meter: on MicroPython's unix port from a shell, on an ESP32 by main_esp32.

    micropython -m firmware.main --identity CONFIG     make the key on first use, print {"meter", "public", "request", "csr"}
    micropython -m firmware.main CONFIG                run the meter

A relative ``flash`` in the configuration lies beside the configuration.
"""

import asyncio
import gc
import json
import sys

from firmware.meter import tls_key
from firmware.meter.app import Meter
from firmware.meter.board_description import BoardError
from firmware.meter.certifier import signer_of
from firmware.meter.config import Config
from firmware.meter.map_entry import MapError
from firmware.meter.store import Store, StoreDamaged
from firmware.meter.table import ConfigError
from firmware.wire import csr, enrolment

if sys.platform == "esp32":
    from firmware.board_esp32 import open_board
else:
    from firmware.board_linux import open_board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.hal.interface import Board

_USAGE = "usage: micropython -m firmware.main [--identity] CONFIG"
_FAILED, _MISUSED = 1, 2
# bytes; garbage that waits until the heap is full comes to lie between what lives, and then no list finds room to grow
_COLLECT_EVERY = 16384


def _load(path: str) -> object:
    with open(path) as file:
        return json.load(file)


def _load_map(name: str) -> "dict[str, object]":
    folder = __file__.rsplit("/", 1)[0]
    try:
        document = _load(f"{folder}/maps/{name}.json")
    except OSError:
        raise MapError(f"firmware/maps has no {name}.json") from None
    if not isinstance(document, dict):
        raise MapError(f"{name}.json: an object {{...}} is expected")
    return document


def _read_config(path: str) -> Config:
    try:
        return Config(_load(path))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error}") from None
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _print_identity(config: Config, board: "Board") -> None:
    signer = signer_of(Store(board.files), board)
    request = enrolment.request(signer, config.site, config.meter)
    certificate_request = csr.request(tls_key.signer_of(board), config.meter)
    identity = {"meter": config.meter, "public": signer.public.hex(), "request": request.hex(), "csr": certificate_request}
    print(json.dumps(identity))


def main(arguments: "list[str]") -> int:
    """Run with ``arguments`` (without the program's name); returns the exit status."""
    gc.threshold(_COLLECT_EVERY)
    identity = arguments[:1] == ["--identity"]
    paths = arguments[1:] if identity else arguments
    if len(paths) != 1:
        print(_USAGE)
        return _MISUSED
    try:
        config = _read_config(paths[0])
        board = open_board(config, paths[0])
        if identity:
            _print_identity(config, board)
        else:
            asyncio.run(Meter(config, board, _load_map).run())
    except (ConfigError, MapError) as error:
        print(f"{paths[0]}: {error}")
        return _MISUSED
    except (BoardError, StoreDamaged) as error:
        print(error)
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
