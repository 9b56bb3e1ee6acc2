"""`skerry meter flash`: the unmodified esptool against an emulated ESP32 ROM on a pseudo-terminal."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.esp32_image import image
from tests.esp32_line import Esp32Line
from tests.esp32_rom import Rom
from tools.meter.cli import app

START = 0x1000
IMAGE = image()
MAC = "24:0a:c4:12:34:56"

Flash = Callable[..., Result]


@pytest.fixture
def flash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flash:
    """Plug a chip in, flash it with the options given, unplug it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    def run(rom: Rom, *options: str, data: bytes = IMAGE, pull_after: int | None = None) -> Result:
        path = tmp_path / "micropython.bin"
        path.write_bytes(data)
        line = Esp32Line(rom, pull_after)
        try:
            return CliRunner().invoke(app, ["flash", line.path, str(path), *options])
        finally:
            line.close()

    return run


def holds(rom: Rom) -> bool:
    return rom.flash[START : START + len(IMAGE)] == IMAGE


def test_a_board_is_flashed_and_verified_once(flash: Flash, tmp_path: Path) -> None:
    rom = Rom()
    rom.flash[:] = b"\x00" * len(rom.flash)  # of another program
    done = flash(rom, "--json", "--board", MAC.upper())
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "name": "ESP32",
        "mac": MAC,
        "flash_size": 4 << 20,
        "image": "micropython.bin",
        "written": True,
    }
    assert holds(rom)
    assert not any(rom.flash[0x200000:])  # its files
    written = rom.written
    again = flash(rom)
    assert again.stdout == f"ESP32 {MAC}, 4 MB: micropython.bin is there already.\n"
    assert rom.written == written
    (job,) = json.loads((tmp_path / "skerry" / "jobs.json").read_text())["_default"].values()
    assert (job["step"], job["subject"], job["result"], bool(job["ended"])) == ("flash", MAC, "micropython.bin on ESP32", True)


def test_when_the_cable_is_pulled_the_same_command_repairs(flash: Flash) -> None:
    """esptool by itself waits for the board for some seconds. Every moment of pulling is in the unit test."""
    rom = Rom()
    pulled = flash(rom, pull_after=30_000)
    assert pulled.exit_code == 1
    assert "Plug the board in and run the same command again" in pulled.stderr
    assert not holds(rom)
    repaired = flash(rom)
    assert repaired.exit_code == 0, repaired.output
    assert holds(rom)


@pytest.mark.parametrize(
    ("rom", "options", "data", "reason"),
    [
        (Rom(), ("--board", "24:0a:c4:00:00:01"), IMAGE, f"this is board {MAC}, the job is about 24:0a:c4:00:00:01"),
        (Rom(), (), image("ESP32-S3"), "the bootloader is for ESP32-S3, this board is an ESP32"),
        (Rom(size=2 << 20), (), IMAGE, "for a flash of 4 MB, this board has 2 MB"),
    ],
    ids=["board", "image", "size"],
)
def test_the_wrong_board_or_image_is_refused_before_a_byte_is_written(
    flash: Flash, rom: Rom, options: tuple[str, ...], data: bytes, reason: str
) -> None:
    refused = flash(rom, *options, data=data)
    assert (refused.exit_code, rom.written) == (1, 0)
    assert reason in refused.stderr
    assert set(rom.flash) == {0xFF}


def test_what_is_no_board_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    path = tmp_path / "image.bin"
    path.write_bytes(IMAGE)
    done = CliRunner().invoke(app, ["flash", str(tmp_path / "ttyUSB9"), str(path)])
    assert done.exit_code == 1
    assert "no ESP32 answers in its bootloader" in done.stderr
