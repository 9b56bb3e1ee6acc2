"""Small files that must outlive a power cut, each with its CRC against flash that forgets."""

import binascii
import errno

from ..wire.fields import u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Files

ENOSPC = 28  # "no space left"; MicroPython's errno has no name for it


class StoreFull(Exception):
    """No room on the flash. Nothing is lost: certify later, and cover the time with one certificate once there is room."""


class Notes:
    """Files by name: whole, small, and replaced wholly or not at all."""

    def __init__(self, files: "Files") -> None:
        self._files = files

    def has(self, name: str) -> bool:
        """Whether the file is there, be it damaged."""
        return self._raw(name) is not None

    def read(self, name: str) -> "bytes | None":
        """The file's content, None if it is not there or its CRC is wrong."""
        data = self._raw(name)
        if data is None or data[-4:] != u32(binascii.crc32(data[:-4])):
            return None
        return data[:-4]

    def write(self, name: str, data: bytes) -> None:
        """Put ``data`` in place of the file; it is on the medium when this returns. StoreFull if there is no room."""
        try:
            self._files.write(name, data + u32(binascii.crc32(data)))
        except OSError as error:
            if error.errno == ENOSPC:
                raise StoreFull() from None
            raise

    def remove(self, name: str) -> None:
        """The file is gone when this returns, if it was there."""
        if self.has(name):
            self._files.remove(name)

    def _raw(self, name: str) -> "bytes | None":
        try:
            return self._files.read(name)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return None
