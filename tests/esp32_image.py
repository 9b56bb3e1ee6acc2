"""Small flash images as an ESP32's bootloader would take them: for tests, and judged by esptool's own `image-info`."""

import hashlib
import struct
from functools import reduce
from operator import xor
from random import Random

_TABLE, _PROGRAM = 0x8000, 0x10000
CHIP_IDS = {"ESP32": 0, "ESP32-S3": 9}


def program(chip: str, size: int, seed: int) -> bytes:
    """A program of one segment with `size` bytes."""
    content = Random(seed).randbytes(size)  # noqa: S311 - to be repeated
    header = struct.pack("<BBBBI", 0xE9, 1, 2, 0x20, 0x40080000)
    header += struct.pack("<BBBBHBHHBBBBB", 0xEE, 0, 0, 0, CHIP_IDS[chip], 0, 0, 399, 0, 0, 0, 0, 1)
    data = header + struct.pack("<II", 0x40080000, size) + content
    data = data.ljust((len(data) // 16 + 1) * 16 - 1, b"\0") + bytes([reduce(xor, content, 0xEF)])
    return data + hashlib.sha256(data).digest()


def image(chip: str = "ESP32", flash_mb: int = 4, seed: int = 1, size: int = 20_000) -> bytes:
    """Bootloader, partition table and a program of `size` bytes."""
    start = 0x1000 if chip == "ESP32" else 0
    rest = (flash_mb << 20) - 0x200000
    table = b"".join(
        struct.pack("<2sBBII16sI", b"\xaaP", *entry, 0)
        for entry in (
            (1, 2, 0x9000, 0x6000, b"nvs"),
            (0, 0, _PROGRAM, 0x1F0000, b"factory"),
            (1, 0x81, 0x200000, rest, b"vfs"),
        )
    )
    table += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(table, usedforsecurity=False).digest()
    data = program(chip, 4000, seed).ljust(_TABLE - start, b"\xff") + table
    return data.ljust(_PROGRAM - start, b"\xff") + program(chip, size, seed + 1)
