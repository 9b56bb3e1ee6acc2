"""From a configuration to a running meter, or to its identity. The platform is chosen here, and nowhere else."""

import asyncio
import json
import sys

from firmware.meter import tls_key
from firmware.meter.app import Meter
from firmware.meter.board_description import BoardError
from firmware.meter.certifier import signer_of
from firmware.meter.config import Config
from firmware.meter.map_entry import MapError
from firmware.meter.store import Store, StoreDamaged
from firmware.meter.supervisor import Restart
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
_FAILED, _MISUSED, _START_AGAIN = 1, 2, 75


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


def start(arguments: "list[str]", folder: str) -> int:
    """As firmware.main.main."""
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
            asyncio.run(Meter(config, board, _load_map, folder).run())
    except (ConfigError, MapError) as error:
        print(f"{paths[0]}: {error}")
        return _MISUSED
    except (BoardError, StoreDamaged) as error:
        print(error)
        return _FAILED
    except Restart as restart:
        print(f"starting again: {restart}")
        return _START_AGAIN
    return 0
