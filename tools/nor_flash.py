"""A NOR flash chip in memory, as a block device for LittleFS on MicroPython, and a recorder that can cut its power anywhere."""

BLOCK_SIZE = 4096
PAGE = 256
_COUNT, _SIZE, _ERASE = 4, 5, 6
ERASE = -1


class NorFlash:
    """Erasing sets a block's bits, programming can only clear them; programming what is not erased is a defect of the writer.

    Attributes:
        operations: what was done, in order: block, offset, and the bytes programmed or None for an erasure.
        programmed, erased: bytes programmed, and erasures of each block.
    """

    def __init__(self, blocks: int) -> None:
        self.memory = [bytearray(b"\xff" * BLOCK_SIZE) for _ in range(blocks)]
        self.operations: list[tuple[int, int, bytes | None]] | None = None
        self.forget()

    def record(self) -> None:
        """Keep the operations from now on."""
        self.operations = []

    def forget(self) -> None:
        """Count from now on."""
        self.programmed = 0
        self.erased = [0 for _ in self.memory]

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Fill ``buffer`` from ``offset`` bytes into ``block``."""
        buffer[:] = memoryview(self.memory[block])[offset : offset + len(buffer)]

    def writeblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Program ``buffer`` at ``offset`` bytes into ``block``."""
        if self.operations is not None:
            self.operations.append((block, offset, bytes(buffer)))
        self.programmed += len(buffer)
        place = memoryview(self.memory[block])[offset : offset + len(buffer)]
        assert all(byte == 0xFF for byte in place), "programmed without erasing"
        place[:] = buffer

    def ioctl(self, operation: int, block: int) -> int:
        """Block count, block size, erase."""
        if operation == _ERASE:
            if self.operations is not None:
                self.operations.append((block, ERASE, None))
            self.erased[block] += 1
            self.memory[block][:] = b"\xff" * BLOCK_SIZE
        return {_COUNT: len(self.memory), _SIZE: BLOCK_SIZE}.get(operation, 0)

    def copy(self) -> "NorFlash":
        """The same chip at this moment."""
        chip = NorFlash(0)
        chip.memory = [bytearray(block) for block in self.memory]
        chip.forget()
        return chip

    def apply(self, operation: "tuple[int, int, bytes | None]") -> None:
        """Do a recorded operation."""
        block, offset, data = operation
        if data is None:
            self.memory[block][:] = b"\xff" * BLOCK_SIZE
        else:
            self.memory[block][offset : offset + len(data)] = data

    def tear(self, operation: "tuple[int, int, bytes | None]", cut: int, garbage: int) -> None:
        """Do the first ``cut`` bytes of a recorded operation; of the others every ``garbage``-th is neither old nor new."""
        block, offset, data = operation
        if data is None:
            offset, data = 0, b"\xff" * BLOCK_SIZE
        place = memoryview(self.memory[block])[offset : offset + len(data)]
        place[:cut] = data[:cut]
        if garbage:
            for at in range(cut, len(data), garbage):
                place[at] = (0x5A + 7 * at) & 0xFF
