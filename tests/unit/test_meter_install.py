"""An installation on a board that is a folder: what runs on boards runs on CPython, too."""

import contextlib
import io
from pathlib import Path

import pytest

from firmware import boot
from tools import mpy
from tools.meter.board import BoardError
from tools.meter.install.plan import MAIN, Remove, Write, digest, plan
from tools.meter.install.run import Installed, install

BOOT = (mpy.FIRMWARE / "boot.py").read_bytes()
OLD = {
    "firmware/boot.py": BOOT,
    "firmware/main.mpy": b"M\x06 old",
    "firmware/meter/app.mpy": b"a" * 2000,
    "firmware/gone.mpy": b"g",
}
NEW = {"firmware/boot.py": BOOT, "firmware/main.mpy": b"M\x06 new", "firmware/meter/app.mpy": b"b" * 2000}
START = b"start()"


class Folder:
    """A board whose files lie in a folder; the cable is pulled before the message with number `cut`."""

    def __init__(self, cut: int = -1) -> None:
        self.messages = 0
        self._cut = cut
        self._globals: dict[str, object] = {}

    def run(self, code: str) -> str:
        if self.messages == self._cut:
            raise BoardError("the board is gone")
        self.messages += 1
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(code, self._globals)  # noqa: S102 - it is what a board does
        return said.getvalue()


def bring(root: Path, application: dict[str, bytes], version: int = 1, cut: int = -1) -> Installed:
    return install(Folder(cut), application, START, version, lambda _done, _total: None, str(root))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def started(root: Path) -> dict[str, bytes]:
    """What the next start would run, as the boot selector sees it."""
    if not (root / MAIN).exists():
        return {}
    record = boot.Record(str(root / "slots"))
    slot = record.running if record.running in boot._usable(str(root / "slots")) else ""
    folder = root / "slots" / slot if slot else root
    return {path: content for path, content in files(folder).items() if path.startswith("firmware/")}


def test_a_bare_board_gets_its_factory_application(tmp_path: Path) -> None:
    assert bring(tmp_path, OLD) == Installed("factory", 5, sum(map(len, OLD.values())) + len(START), 0, True)
    assert files(tmp_path) == {**OLD, MAIN: START}
    assert bring(tmp_path, OLD) == Installed("factory", 0, 0, 4, False)


def test_the_next_one_goes_on_trial_in_the_slot_that_does_not_run(tmp_path: Path) -> None:
    bring(tmp_path, OLD)
    assert bring(tmp_path, NEW, 2).place == "a"
    assert started(tmp_path) == NEW
    assert files(tmp_path)["firmware/main.mpy"] == OLD["firmware/main.mpy"]
    with pytest.raises(BoardError, match="on trial"):
        bring(tmp_path, OLD, 3)


def test_only_what_differs_is_written_and_what_is_too_much_goes(tmp_path: Path) -> None:
    bring(tmp_path, OLD)
    for path, content in OLD.items():
        (tmp_path / "slots" / "a" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "slots" / "a" / path).write_bytes(content)
    (tmp_path / "slots" / "a" / "manifest").write_bytes(b"of an update")
    done = bring(tmp_path, NEW, 2)
    assert done == Installed("a", 2, len(NEW["firmware/main.mpy"]) + 2000, 1, True)
    assert files(tmp_path / "slots" / "a") == NEW


@pytest.mark.parametrize("before", [{}, OLD], ids=["bare", "running"])
def test_wherever_the_cable_is_pulled_the_same_command_finishes(tmp_path: Path, before: dict[str, bytes]) -> None:
    cut, cuts = 0, 0
    while True:
        root = tmp_path / str(cut)
        root.mkdir()
        if before:
            bring(root, before)
        try:
            bring(root, NEW, 2, cut)
            break
        except BoardError:
            cuts += 1
        # never half of one
        assert started(root) in (before, NEW)
        assert bring(root, NEW, 2).starts
        assert started(root) == NEW
        cut += 1
    assert cuts > 10


def test_a_half_written_file_is_written_again(tmp_path: Path) -> None:
    bring(tmp_path, OLD)
    (tmp_path / MAIN).unlink()
    (tmp_path / "firmware/meter/app.mpy").write_bytes(b"a" * 512)
    (tmp_path / "firmware/meter/app.mpy.new").write_bytes(b"a")
    assert bring(tmp_path, OLD).written == 2
    assert files(tmp_path) == {**OLD, MAIN: START}


def test_a_flash_that_gives_back_something_else_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = Folder()
    whole = board.run

    def bad(code: str) -> str:
        said = whole(code)
        if code.startswith("put("):
            next(tmp_path.rglob("*.new")).write_bytes(b"?")
        return said

    monkeypatch.setattr(board, "run", bad)
    with pytest.raises(OSError, match="something else than was written"):
        install(board, OLD, START, 1, lambda _done, _total: None, str(tmp_path))
    assert not (tmp_path / MAIN).exists()


def test_the_entry_goes_first_and_comes_last() -> None:
    present = {"e": digest(b"e"), "x": "?", "z": "?"}
    assert plan(present, {"e": b"e", "x": b"x"}, "e") == [Remove("e"), Remove("z"), Write("x", b"x"), Write("e", b"e")]
    assert plan({"e": digest(b"e")}, {"e": b"e"}, "e") == []
