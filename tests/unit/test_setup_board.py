"""When the emulated board is built and when it is left out, without network and compilers."""

from pathlib import Path

import pytest

from tools.setup import apt, board
from tools.setup.system import SetupError


def built(folder: Path) -> None:
    place = board.home(folder)
    place.mkdir(parents=True)
    for name in ("firmware.elf", "mpy-cross", "source"):
        (place / name).touch()


def test_a_built_board_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built(tmp_path)
    monkeypatch.setattr(board, "which", lambda _: "/usr/bin/any")
    monkeypatch.setattr(board, "_install", lambda: pytest.fail("built it again"))
    board.ensure(tmp_path)
    assert board.is_built(tmp_path)


def test_a_board_without_its_emulator_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built(tmp_path)
    monkeypatch.setattr(board, "which", lambda _: None)
    assert not board.is_built(tmp_path)


def test_only_what_is_missing_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(board, "which", lambda program: None if program == "arm-none-eabi-gcc" else f"/usr/bin/{program}")
    monkeypatch.setattr(apt, "install", installed.extend)
    monkeypatch.setattr(board, "INCLUDES", tmp_path)
    board._install()
    assert installed == ["gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "libffi-dev"]


def test_what_cannot_be_had_is_said_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise SetupError("`apt-get install make` is needed")

    monkeypatch.setattr(board, "_install", refuse)
    board.ensure(tmp_path)
    assert "its tests are left out: `apt-get install make` is needed" in capsys.readouterr().out
    assert not (tmp_path / "board" / "workshop").exists()


def test_the_build_leaves_no_workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def source(workshop: Path) -> Path:
        tree = workshop / "source" / "micropython"
        for built in ("lib/any", "mpy-cross/build/mpy-cross", f"ports/qemu/build-{board.BOARD}/firmware.elf"):
            (tree / built).parent.mkdir(parents=True)
            (tree / built).touch()
        return tree

    monkeypatch.setattr(board, "_install", lambda: None)
    monkeypatch.setattr(board, "_source", source)
    monkeypatch.setattr(board, "make", lambda *_: None)
    board.ensure(tmp_path)
    assert sorted(path.name for path in board.home(tmp_path).iterdir()) == ["firmware.elf", "mpy-cross", "source"]
    assert list((tmp_path / "board").iterdir()) == [board.home(tmp_path)]
