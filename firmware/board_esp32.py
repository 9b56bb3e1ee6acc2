"""An ESP32 as a meter's board, from the meter's configuration."""

from firmware.hal.esp32 import Board, Pins
from firmware.hal.esp32_network import W5500, Lan8720, Wifi
from firmware.meter.board_description import BoardError, Esp32
from firmware.meter.config import Config
from firmware.meter.table import ConfigError
from firmware.wire.signer import SignerError


def open_board(config: Config, path: str) -> Board:  # noqa: ARG001 - of the configuration; the flash is the chip's own
    """The board. ConfigError, BoardError."""
    description = Esp32(config.board, config.relay)
    if config.bus.kind == "rtu" and "tx" not in description.pins:
        raise ConfigError("board.rs485: is missing, and bus.kind is rtu")
    try:
        return Board(Pins(**description.pins), _network(description), description.address)
    except (SignerError, OSError) as error:
        raise BoardError(str(error)) from None


def _network(description: Esp32) -> "Wifi | Lan8720 | W5500":
    if description.wifi is not None:
        return Wifi(*description.wifi)
    assert description.ethernet is not None
    kind, settings = description.ethernet
    return Lan8720(**settings) if kind == "lan8720" else W5500(**settings)
