"""Linux as a meter's board, from the meter's configuration."""

from firmware.hal.atecc608 import ADDRESS, Atecc608
from firmware.hal.linux_i2c import I2c
from firmware.hal.unix import Board, FlashError
from firmware.meter.board_description import BoardError, Linux
from firmware.meter.config import Config
from firmware.wire.signer import SignerError


def open_board(config: Config, path: str) -> Board:
    """The board. ``path``: of the configuration, beside which a relative ``flash`` lies. ConfigError, BoardError."""
    description = Linux(config.board)
    try:
        board = Board(_beside(path, config.flash), description.clock)
        if description.element is not None:
            bus, address = description.element
            board.signer = Atecc608(I2c(bus), board.clock.ticks_ms, address or ADDRESS)
    except (FlashError, SignerError, OSError) as error:
        raise BoardError(str(error)) from None
    return board


def _beside(path: str, name: str) -> str:
    """``name`` as seen from the folder of ``path``."""
    return name if name.startswith("/") or "/" not in path else path.rsplit("/", 1)[0] + "/" + name
