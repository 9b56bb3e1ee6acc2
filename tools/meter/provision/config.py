"""A meter's configuration as a technician writes it, in TOML, checked as the meter itself would. No I/O.

The keys are those of the meter's own configuration (root `DESIGN.md`). What the gateway answers to the enrolment (`mqtt`,
`gateway_key`) is left out, and so is the Wi-Fi's password: a file that is mailed around holds no secret.
"""

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from firmware.meter.board_description import Esp32, Linux
from firmware.meter.config import Config
from firmware.meter.table import ConfigError
from gateway.adapters.toml_lines import line_of

from ..errors import BenchError

_ANSWERED = ("mqtt", "gateway_key")
_NOT_YET: dict[str, Any] = {
    "mqtt": {"host": "127.0.0.1", "port": 1, "username": "none", "password": "none"},
    "gateway_key": "0" * 128,
}
_FLASH = "meter"


class Mistake(BenchError):
    """The configuration or the gateway's answer is wrong: its author's fault. The message names the place."""


def read(text: str, name: str) -> dict[str, Any]:
    """The configuration in a TOML file with this name, unchecked. Mistake if it is no TOML, or says what is the gateway's."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Mistake(f"{name}: {error}") from None
    for key in _ANSWERED:
        if key in document:
            raise Mistake(f"{name}, line {line_of(text, [key])}: {key} comes from the gateway's answer: take it out here")
    return {"flash": _FLASH} | document


def wants_password(document: Mapping[str, Any]) -> bool:
    """Whether a Wi-Fi is described whose password is yet to be asked for."""
    network = _network(document)
    return network.get("kind") == "wifi" and "password" not in network


def with_password(document: Mapping[str, Any], password: str) -> dict[str, Any]:
    """The configuration with the Wi-Fi's password."""
    board = document["board"]
    return {**document, "board": {**board, "network": {**board["network"], "password": password}}}


def answered(document: Mapping[str, Any], answer: bytes) -> dict[str, Any]:
    """The configuration with what the gateway answered. Mistake if the answer is another meter's, or none."""
    try:
        said = json.loads(answer)
        given = {key: said[key] for key in (*_ANSWERED, "site", "meter")}
    except (ValueError, KeyError, TypeError):
        raise Mistake("this is no answer of a gateway: carry NAME.answer.json from its enrol/done") from None
    for key in ("site", "meter"):
        if given[key] != document.get(key):
            raise Mistake(
                f"the answer is for {key} {given[key]}, the configuration for {document.get(key)}: take the right one"
            )
    return {**document, **given}


def checked(document: Mapping[str, Any], text: str, name: str, platform: str) -> bytes:
    """The file that the meter reads, whole and valid; what the gateway has not answered yet is filled in.

    Args:
        document: the configuration.
        text, name: the TOML file it comes from, to say where a mistake is.
        platform: of the board, as its `sys.platform`.
    """
    whole = {**_NOT_YET, **document}
    try:
        config = Config(whole)
        if platform == "esp32":
            Esp32(config.board, config.relay)
        else:
            Linux(config.board)
    except ConfigError as error:
        place = str(error).partition(":")[0].replace("[", ".").replace("]", "").split(".")
        line = line_of(text, place)
        raise Mistake(f"{name}{f', line {line}' if line else ''}: {error}") from None
    return json.dumps(whole, indent=1).encode()


def _network(document: Mapping[str, Any]) -> Mapping[str, Any]:
    board = document.get("board")
    network = board.get("network") if isinstance(board, dict) else None
    return network if isinstance(network, dict) else {}
