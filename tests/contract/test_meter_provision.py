"""A board is installed, configured, and makes its key: on MicroPython, with the whole application, as the gateway sees it."""

import json
from pathlib import Path

import pytest

from gateway.core import application
from tests.contract.micropython_line import MicropythonLine
from tests.unit.test_meter_provision import TEXT
from tools import mpy
from tools.meter.board import Board, BoardError
from tools.meter.install.run import install
from tools.meter.provision.config import checked, read
from tools.meter.provision.run import identity, provision
from tools.meter.status import Status, look

ON_LINUX = """\
bus = {kind = "tcp", host = "127.0.0.1", port = 502}
devices = [{unit = 1, map = "eastron_sdm630", role = "billing"}]
"""


def test_the_key_is_born_on_the_board_and_the_gateway_takes_its_request(tmp_path: Path) -> None:
    files = {path.as_posix(): content for path, content in mpy.application().items()}
    line = MicropythonLine()
    try:
        with Board(line.path) as board:
            assert look(board, str(tmp_path)).next_step == "skerry meter install"
            with pytest.raises(BoardError, match="no module named 'firmware'"):
                identity(board, "absent", str(tmp_path))
            install(board, files, b"start()", 1, lambda _done, _total: None, str(tmp_path))
            assert look(board, str(tmp_path)).next_step == "skerry meter provision"
            with pytest.raises(BoardError, match="cannot be read"):
                identity(board, f"{tmp_path}/absent", str(tmp_path))
            text = TEXT.partition("[bus]")[0] + ON_LINUX
            config = checked(read(text, "home-1.toml"), text, "home-1.toml", board.interpreter().platform)
            first = provision(board, config, False, str(tmp_path))
            assert look(board, str(tmp_path)) == Status(True, False, "factory")
            assert not (tmp_path / "asking.json").exists()
    finally:
        line.close()
    later = MicropythonLine()
    try:
        with Board(later.path) as board:
            again = provision(board, config, True, str(tmp_path))
            assert look(board, str(tmp_path)) == Status(True, True, "factory")
            install(board, files | {"firmware/new.json": b"{}"}, b"start()", 2, lambda _done, _total: None, str(tmp_path))
            tried = look(board, str(tmp_path))
            assert (tried.trial, tried.version, tried.result, tried.next_step) == ("a", 2, "on trial", "nothing: it is ready")
    finally:
        later.close()
    assert (tmp_path / "config.json").read_bytes() == config
    applied = application.parse(json.dumps(json.loads(first.document) | {"token": "t"}).encode(), "isle")
    assert (applied.meter, applied.fingerprint.hex()) == ("home-1", first.fingerprint)
    assert again == first
