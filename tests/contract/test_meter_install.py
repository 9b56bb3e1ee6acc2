"""`skerry meter install` over a serial line, on MicroPython."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.micropython_line import MicropythonLine
from tools import mpy
from tools.meter.board import Board, BoardError
from tools.meter.install.plan import MAIN
from tools.meter.install.run import install

START = b"start()"


@pytest.fixture
def line() -> Iterator[MicropythonLine]:
    serial = MicropythonLine()
    yield serial
    serial.close()


@pytest.fixture(scope="module")
def application() -> dict[str, bytes]:
    files = mpy.compiled([mpy.FIRMWARE / name for name in ("__init__.py", "boot.py", "main.py", "start.py", "version.py")])
    return {path.as_posix(): content for path, content in files.items()}


def bring(path: str, application: dict[str, bytes], root: Path, version: int) -> tuple[str, int]:
    with Board(path) as board:
        assert board.interpreter().mpy == 6
        done = install(board, application, START, version, lambda _done, _total: None, str(root))
        return done.place, done.written


def test_it_is_installed_hash_by_hash_and_then_into_a_slot(
    line: MicropythonLine, application: dict[str, bytes], tmp_path: Path
) -> None:
    assert bring(line.path, application, tmp_path, 1) == ("factory", 6)
    assert (tmp_path / MAIN).read_bytes() == START
    assert all((tmp_path / path).read_bytes() == content for path, content in application.items())
    assert bring(line.path, application, tmp_path, 1) == ("factory", 0)
    newer = {**application, "firmware/maps/x.json": b"{}" * 900}
    assert bring(line.path, newer, tmp_path, 2) == ("a", 6)
    assert all((tmp_path / "slots/a" / path).read_bytes() == content for path, content in newer.items())
    assert bring(line.path, newer, tmp_path, 2) == ("a", 0)


def test_a_board_that_goes_away_is_repaired_by_the_same_command(application: dict[str, bytes], tmp_path: Path) -> None:
    cut = MicropythonLine()

    def pull(done: int, total: int) -> None:
        if done > total // 2:
            cut.unplug()

    with Board(cut.path) as board, pytest.raises(BoardError, match="run the same command again"):
        install(board, application, START, 1, pull, str(tmp_path))
    cut.close()
    assert not (tmp_path / MAIN).exists()
    again = MicropythonLine()
    try:
        place, written = bring(again.path, application, tmp_path, 1)
    finally:
        again.close()
    assert (place, 0 < written < 6) == ("factory", True)
    assert (tmp_path / MAIN).read_bytes() == START
    assert all((tmp_path / path).read_bytes() == content for path, content in application.items())
