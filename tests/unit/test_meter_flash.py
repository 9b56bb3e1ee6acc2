"""The order of a flash, with a tool whose cable is pulled at any moment."""

from pathlib import Path

import pytest

from tests.esp32_image import image
from tools.meter.errors import PortError
from tools.meter.flash.esptool import Chip, FlashError, Progress
from tools.meter.flash.image import ImageError
from tools.meter.flash.run import Flashed, WrongBoard, flash

ESP32 = Chip("ESP32", "24:0a:c4:12:34:56", 4 << 20)
IMAGE = image(size=600)
STEP = 4096


class Board:
    """A board and its tool; `pulled` steps from now the cable is pulled. A step is a question, or 4 KB written."""

    def __init__(self) -> None:
        self.held = b"\xff" * len(IMAGE)
        self.writes = 0
        self.pulled = 10**6

    def identify(self) -> Chip:
        self._step()
        return ESP32

    def write(self, image: Path, start: int, progress: Progress) -> None:
        assert start == 0x1000
        data = image.read_bytes()
        self.writes += 1
        self.held = b"\xff" * len(data)
        for at in range(0, len(data), STEP):
            self._step()
            self.held = data[: at + STEP] + self.held[at + STEP :]
            progress(100 * at / len(data))

    def holds(self, image: Path, start: int) -> bool:
        assert start == 0x1000
        self._step()
        return self.held == image.read_bytes()

    def _step(self) -> None:
        if self.pulled == 0:
            raise FlashError("the board is gone")
        self.pulled -= 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "micropython.bin"
    path.write_bytes(IMAGE)
    return path


def bring(board: Board, file: Path, mac: str = "") -> Flashed:
    return flash(board, file, mac, lambda _: None, lambda _: None)


def test_wherever_the_cable_is_pulled_the_same_call_repairs(file: Path) -> None:
    moment = 0
    while True:
        board = Board()
        board.pulled = moment
        try:
            assert bring(board, file) == Flashed(ESP32, True)
            break
        except (FlashError, PortError):
            board.pulled = 10**6
        assert bring(board, file).chip == ESP32
        assert board.held == IMAGE
        assert bring(board, file) == Flashed(ESP32, False)
        moment += 1
    assert moment == 3 + -(-len(IMAGE) // STEP)


def test_nothing_is_written_to_another_board_or_of_another_image(file: Path) -> None:
    board = Board()
    with pytest.raises(WrongBoard, match="this is board 24:0a:c4:12:34:56"):
        bring(board, file, "24:0a:c4:00:00:00")
    file.write_bytes(image("ESP32-S3"))
    with pytest.raises(ImageError):
        bring(board, file, ESP32.mac.upper())
    assert board.writes == 0


def test_what_the_chip_does_not_hold_is_no_success(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board()
    monkeypatch.setattr(board, "holds", lambda _image, _start: False)
    with pytest.raises(FlashError, match="does not hold what was written"):
        bring(board, file)
