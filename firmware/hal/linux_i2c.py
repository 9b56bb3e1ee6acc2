"""An I2C bus of Linux (i2c-dev), with the two calls of MicroPython's machine.I2C that our drivers use. MicroPython only.

Source: linux/i2c-dev.h and the kernel's Documentation/i2c/dev-interface.
"""

import errno

import ffi

_I2C_SLAVE = 0x0703  # ioctl: the address that reads and writes are for


class I2c:
    """The bus behind ``path``, such as ``/dev/i2c-1``. Its rate is the kernel's; on a Raspberry Pi 100 kHz, as made."""

    def __init__(self, path: str) -> None:
        """OSError if it cannot be opened."""
        self._file = open(path, "r+b", buffering=0)  # noqa: SIM115 - as long as the process lives
        self._ioctl = ffi.open("libc.so.6").func("i", "ioctl", "iLL")

    def writeto(self, address: int, data: bytes) -> None:
        """OSError if nobody acknowledges."""
        self._select(address)
        self._file.write(data)

    def readfrom_into(self, address: int, buffer: bytearray) -> None:
        """Fill ``buffer``. OSError if nobody acknowledges."""
        self._select(address)
        self._file.readinto(buffer)

    def _select(self, address: int) -> None:
        if self._ioctl(self._file.fileno(), _I2C_SLAVE, address) < 0:
            raise OSError(errno.ENODEV, "no I2C bus, or a driver of the kernel's has the chip")
