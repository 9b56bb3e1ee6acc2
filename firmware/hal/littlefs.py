"""The files of a mounted LittleFS: what every board that runs MicroPython keeps its meter's memory in."""

import os

_BLOCK_SIZE, _BLOCKS, _FREE_BLOCKS = 0, 2, 3  # of statvfs


class Files:
    """The files below ``root``, which is there and writable."""

    def __init__(self, root: str) -> None:
        self._root = root

    def names(self, folder: str) -> list[str]:
        try:
            return [entry[0] for entry in os.ilistdir(f"{self._root}/{folder}")]
        except OSError:
            os.mkdir(f"{self._root}/{folder}")
            return []

    def read(self, name: str, start: int = 0, size: int = -1) -> bytes:
        with open(f"{self._root}/{name}", "rb") as file:
            file.seek(start)
            return file.read(size)

    def write(self, name: str, data: bytes) -> None:
        # LittleFS shows a file's new content at once when it is closed, but a new name already when it is opened
        known = exists(f"{self._root}/{name}")
        with open(f"{self._root}/{name if known else 'new'}", "wb") as file:
            file.write(data)
        if not known:
            os.rename(f"{self._root}/new", f"{self._root}/{name}")

    def append(self, name: str, data: bytes) -> None:
        with open(f"{self._root}/{name}", "ab") as file:
            file.write(data)

    def remove(self, name: str) -> None:
        os.remove(f"{self._root}/{name}")

    def free(self) -> int:
        status = os.statvfs(self._root)
        return status[_FREE_BLOCKS] * status[_BLOCK_SIZE]

    def size(self) -> int:
        status = os.statvfs(self._root)
        return status[_BLOCKS] * status[_BLOCK_SIZE]


def exists(path: str) -> bool:
    """Whether there is a file or folder of this name."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True
