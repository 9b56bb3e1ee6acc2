"""What the rig asks of a simulated device."""

from typing import Protocol

from ..plant.island import Reading


class Device(Protocol):
    """A block of consecutive Modbus registers, filled from one reading of the plant."""

    @property
    def function(self) -> int:
        """The Modbus function that reads the block: 3 (holding registers) or 4 (input registers)."""

    @property
    def first(self) -> int:
        """Address of the first register, counted from 0 as on the wire."""

    @property
    def energy(self) -> tuple[int, int]:
        """First address and count of the span that covers the energy registers."""

    def image(self, reading: Reading) -> list[int]:
        """Every register (0..65535) as the device shows it at the instant of the reading."""


def words(data: bytes) -> list[int]:
    """Modbus registers of a byte string of even length: big endian, as on the wire."""
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
