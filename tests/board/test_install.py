"""The technician's installation on the emulated board, over its own serial line."""

from pathlib import Path

from tests.board.emulator import Machine
from tools import mpy
from tools.meter.board import Board
from tools.meter.install.run import Installed, install

ROOT = "/flash"
START = b"start()"


def test_the_board_takes_an_application_and_an_update() -> None:
    compiled = mpy.compiled([mpy.FIRMWARE / name for name in ("__init__.py", "boot.py", "main.py")])
    application = {path.as_posix(): content for path, content in compiled.items()}
    machine = Machine()
    try:
        with Board(machine.path) as board:
            assert (board.interpreter().platform, board.interpreter().mpy) == ("qemu", 6)
            board.run((Path(__file__).with_name("ram_files.py")).read_text())
            first = install(board, application, START, 1, lambda _done, _total: None, ROOT)
            again = install(board, application, START, 1, lambda _done, _total: None, ROOT)
            newer = {**application, "firmware/version.json": b"2"}
            update = install(board, newer, START, 2, lambda _done, _total: None, ROOT)
    finally:
        machine.close()
    size = sum(map(len, application.values()))
    assert first == Installed("factory", 4, size + len(START), 0, True)
    assert again == Installed("factory", 0, 0, 3, False)
    assert update == Installed("a", 4, size + 1, 0, True)
