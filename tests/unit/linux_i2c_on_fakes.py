"""The secure element's driver on Linux's I2C, over a fake of the kernel's device. ``test_hal_linux.py`` starts it."""
# mypy: ignore-errors

from firmware.hal import fake_atecc608, linux_i2c
from firmware.hal.atecc608 import Atecc608
from firmware.wire import es256

SECRET = bytes(31) + b"\x09"


class Kernel:
    """An open /dev/i2c-1 with a chip on it, and the C library that addresses it."""

    def __init__(self, chip):
        self.chip = chip
        self.address = None
        linux_i2c.ffi = self
        linux_i2c.open = self._open_device

    def _open_device(self, path, mode, buffering):
        assert (path, mode, buffering) == ("/dev/i2c-1", "r+b", 0)
        return self

    def open(self, library):
        assert library == "libc.so.6"
        return self

    def func(self, result, name, arguments):
        assert (result, name, arguments) == ("i", "ioctl", "iLL")
        return self._ioctl

    def _ioctl(self, descriptor, request, address):
        assert (descriptor, request) == (7, 0x0703)
        self.address = address
        return 0 if address < 128 else -1

    def fileno(self):
        return 7

    def write(self, data):
        return self.chip.writeto(self.address, data)

    def readinto(self, buffer):
        self.chip.readfrom_into(self.address, buffer)
        return len(buffer)


def test_the_element_signs_over_the_kernels_device():
    chip = fake_atecc608.Chip(SECRET)
    Kernel(chip)
    signer = Atecc608(linux_i2c.I2c("/dev/i2c-1"), chip.ticks_ms)
    assert signer.public == es256.public_from_secret(SECRET)
    assert es256.verify(signer.public, bytes(32), signer.sign(bytes(32)))


def test_what_the_kernel_refuses_is_an_error():
    Kernel(None)
    try:
        linux_i2c.I2c("/dev/i2c-1").writeto(128, b"")
    except OSError as error:
        assert "no I2C bus" in str(error)  # noqa: PT017 - boards have no pytest
    else:
        raise AssertionError
