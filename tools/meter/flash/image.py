"""A flash image, looked at before a byte of it is written: whole, for this chip, and small enough for its flash. No I/O.

Sources: Espressif, esptool documentation, "Firmware Image Format"; ESP-IDF Programming Guide, "Partition Tables". An image as
micropython.org has them: bootloader, partition table and application, as they follow each other in the flash.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import BenchError

_CHIPS = {0: "ESP32", 2: "ESP32-S2", 5: "ESP32-C3", 9: "ESP32-S3", 12: "ESP32-C2", 13: "ESP32-C6", 16: "ESP32-H2"}
_LATE_STARTS = {"ESP32": 0x1000, "ESP32-S2": 0x1000}
_MAGIC = 0xE9
_HEADER = 24
_CHIP_ID, _HASH_FLAG = 12, 23
_CHECKSUM = 0xEF
_TABLE = 0x8000
_TABLE_END = 0x9000
_ENTRY = struct.Struct("<2sBBII16sI")
_PARTITION, _DIGEST = b"\xaaP", b"\xeb\xeb"
_APPLICATION = 0


class ImageError(BenchError):
    """The file is not an image for this board: it is another one's, or damaged on its way."""


@dataclass(frozen=True, slots=True)
class _Partition:
    kind: int
    start: int
    size: int
    label: str


def start_of(chip: str) -> int:
    """At which address the flash of a chip (as "ESP32-S3") takes an image."""
    return _LATE_STARTS.get(chip, 0)


def check(image: bytes, chip: str, flash_size: int) -> None:
    """ImageError unless `image` may be written to a `chip` with `flash_size` bytes of flash."""
    start = start_of(chip)
    _check_program(image, chip, "the bootloader")
    partitions = list(_partitions(image, start))
    end = max((partition.start + partition.size for partition in partitions), default=0)
    if end > flash_size:
        raise ImageError(
            f"the image is for a flash of {end >> 20} MB, this board has {flash_size >> 20} MB: take the smaller image"
        )
    programs = [partition for partition in partitions if partition.kind == _APPLICATION]
    if not programs:
        raise ImageError("there is no application in the image: take the file for new boards, not the one for updates")
    first = programs[0]
    begin = first.start - start
    if len(image) - begin > first.size:
        raise ImageError(f"the application is larger than its partition {first.label}: the file is not as it was made")
    _check_program(image[begin:], chip, "the application")


def _check_program(data: bytes, chip: str, name: str) -> None:
    """One program: header, segments, checksum, hash."""
    if len(data) < _HEADER or data[0] != _MAGIC:
        raise ImageError(
            f"{name} is missing: the file is no image for an ESP32, or for another chip's flash layout than {chip}'s"
        )
    made_for = _CHIPS.get(int.from_bytes(data[_CHIP_ID : _CHIP_ID + 2], "little"), "another chip")
    if made_for != chip:
        raise ImageError(f"{name} is for {made_for}, this board is an {chip}: take the image for {chip}")
    at, checksum = _HEADER, _CHECKSUM
    for _ in range(data[1]):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        segment = data[at + 8 : at + 8 + size]
        for byte in segment:
            checksum ^= byte
        at += 8 + size
    at = (at // 16 + 1) * 16  # the checksum is the last byte of a block of 16
    if at > len(data) or data[at - 1] != checksum:
        raise ImageError(f"{name} is damaged, or the file ends too early: download it again")
    if data[_HASH_FLAG] and hashlib.sha256(data[:at]).digest() != data[at : at + 32]:
        raise ImageError(f"{name} does not match its own SHA-256: download it again")


def _partitions(image: bytes, start: int) -> Iterator[_Partition]:
    table = image[_TABLE - start : _TABLE_END - start]
    for at in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, _, begin, size, label, _ = _ENTRY.unpack_from(table, at)
        if magic == _DIGEST and hashlib.md5(table[:at], usedforsecurity=False).digest() != table[at + 16 : at + 32]:
            raise ImageError("the partition table does not match its own MD5: download the image again")
        if magic != _PARTITION:
            return
        yield _Partition(kind, begin, size, label.rstrip(b"\0").decode("ascii", "replace"))
