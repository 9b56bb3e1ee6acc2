"""What of a flash image is seen before a byte of it is written."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.esp32_image import image, program
from tools.meter.flash.image import ImageError, check, start_of

MB = 1 << 20
WHOLE = image()


def test_an_image_for_this_board_is_taken() -> None:
    check(WHOLE, "ESP32", 4 * MB)
    check(image("ESP32-S3"), "ESP32-S3", 8 * MB)
    assert (start_of("ESP32"), start_of("ESP32-S3")) == (0x1000, 0)


@pytest.mark.parametrize(
    ("data", "chip", "size", "reason"),
    [
        (image("ESP32-S3"), "ESP32", 4 * MB, "the bootloader is for ESP32-S3, this board is an ESP32"),
        (image(flash_mb=8), "ESP32", 4 * MB, "for a flash of 8 MB, this board has 4 MB"),
        (program("ESP32", 900, 1), "ESP32", 4 * MB, "there is no application"),
        (b"", "ESP32", 4 * MB, "no image for an ESP32"),
        (b"PK\3\4" + bytes(9000), "ESP32", 4 * MB, "no image for an ESP32"),
        (WHOLE[:-33], "ESP32", 4 * MB, "the application is damaged, or the file ends too early"),
        (WHOLE[:-1], "ESP32", 4 * MB, "does not match its own SHA-256"),
        (WHOLE[:50] + b"?" + WHOLE[51:], "ESP32", 4 * MB, "the bootloader is damaged"),
        (WHOLE[:0x7004] + b"?" + WHOLE[0x7005:], "ESP32", 4 * MB, "the partition table does not match"),
        (WHOLE + bytes(2 * MB), "ESP32", 4 * MB, "larger than its partition factory"),
        (WHOLE[:0xF000] + program("ESP32-S3", 900, 1), "ESP32", 4 * MB, "the application is for ESP32-S3"),
    ],
)
def test_any_other_is_refused_and_the_reason_said(data: bytes, chip: str, size: int, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        check(data, chip, size)


def test_no_byte_can_be_lost_or_turned_unseen() -> None:
    small = image(size=600)
    for at in [*range(16, 4072, 101), *range(0x7000, 0x7000 + 96, 7), *range(0xF000 + 16, len(small), 53)]:
        with pytest.raises(ImageError):
            check(small[:at] + bytes([small[at] ^ 0x10]) + small[at + 1 :], "ESP32", 4 * MB)


def test_esptool_thinks_so_too(tmp_path: Path) -> None:
    """The images of these tests are what esptool takes for images."""
    path = tmp_path / "program.bin"
    path.write_bytes(program("ESP32", 900, 1))
    said = subprocess.run(
        [sys.executable, "-m", "esptool", "image-info", str(path)], capture_output=True, text=True, check=True
    )
    assert said.stdout.count("(valid)") == 2
    assert "Detected image type: ESP32" in said.stdout
