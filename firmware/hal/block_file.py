"""A file as a block device for LittleFS: what a flash chip is to a board."""

BLOCK_SIZE = 4096  # bytes: the erase unit of the common NOR flash chips
BLOCKS = 1024

_SYNC, _COUNT, _SIZE, _ERASE = 3, 4, 5, 6


class BlockFile:
    """MicroPython's extended block protocol (readblocks, writeblocks with an offset, ioctl) over a file of BLOCKS blocks.

    LittleFS asks for SYNC whenever it needs what it wrote to be on the medium; ``flush`` is fsync on the unix port.
    """

    def __init__(self, path: str) -> None:
        """``path``: an existing file that ``create`` made. OSError(ENOENT) if there is none."""
        self._file = open(path, "r+b", buffering=0)  # noqa: SIM115 - the medium stays open as long as the meter runs

    @staticmethod
    def create(path: str) -> None:
        """An empty medium. The file is sparse: blocks take space on the disk once they are written."""
        with open(path, "wb") as file:
            file.seek(BLOCKS * BLOCK_SIZE - 1)
            file.write(b"\x00")

    def fileno(self) -> int:
        """The descriptor, to lock it."""
        return self._file.fileno()

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Fill ``buffer`` from ``offset`` bytes into ``block``."""
        self._file.seek(block * BLOCK_SIZE + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Write ``buffer`` from ``offset`` bytes into ``block``; a file needs no erasing before."""
        self._file.seek(block * BLOCK_SIZE + offset)
        self._file.write(buffer)

    def ioctl(self, operation: int, _argument: int) -> int:
        """SYNC, block count, block size, erase."""
        if operation == _SYNC:
            self._file.flush()
        return {_COUNT: BLOCKS, _SIZE: BLOCK_SIZE}.get(operation, 0)
