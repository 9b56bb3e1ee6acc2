"""Fakes of ``machine``, ``network`` and ``esp32``, and a flash partition: importing this puts them in place."""
# For MicroPython, with things in modules that type checkers must not see.
# mypy: ignore-errors

import io
import sys

import vfs

LEVELS = {}  # of the pins
UARTS, WATCHDOGS = [], []  # that were made
CHIPS = []  # on the I2C bus
POLL, READABLE, WRITABLE = 3, 1, 4  # of MicroPython's stream protocol


class Module:
    """A module made of attributes."""

    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Pin:
    IN, OUT, PULL_UP = 1, 3, 2

    def __init__(self, number, mode=None, pull=None, value=None):
        self.number = number
        assert (mode, pull) in ((None, None), (self.OUT, None), (self.IN, self.PULL_UP))
        if value is not None:
            LEVELS[number] = value

    def __call__(self, value=None):
        if value is not None:
            LEVELS[self.number] = value
        return LEVELS[self.number]


class Uart(io.IOBase):
    def __init__(self, number, baud, bits, parity, stop, **settings):
        self.settings = dict(settings, number=number, baud=baud, bits=bits, parity=parity, stop=stop)
        self.incoming = b""
        self.sent = []
        self.unsent = 2
        self.open = True
        UARTS.append(self)

    def ioctl(self, request, flags):
        return (WRITABLE | (READABLE if self.incoming else 0)) & flags if request == POLL else 0

    def read(self, count):
        data, self.incoming = self.incoming[:count], self.incoming[count:]
        return data or None

    def write(self, data):
        self.sent.append((bytes(data), LEVELS.get(4)))
        return len(data)

    def txdone(self):
        self.unsent -= 1
        return self.unsent < 0

    def deinit(self):
        self.open = False


class Wdt:
    def __init__(self, timeout):
        self.timeout = timeout
        self.meals = 0
        WATCHDOGS.append(self)

    def feed(self):
        self.meals += 1


class Rtc:
    told = None

    def datetime(self, value):
        Rtc.told = value


class I2c:
    """Made as the chip's own; what is on it, the test puts into CHIPS."""

    def __init__(self, number, scl, sda, freq):
        self.settings = number, scl.number, sda.number, freq

    def writeto(self, address, data):
        return CHIPS[0].writeto(address, data)

    def readfrom_into(self, address, buffer):
        CHIPS[0].readfrom_into(address, buffer)


class Spi:
    def __init__(self, number, sck, mosi, miso):
        self.settings = number, sck.number, mosi.number, miso.number


class Wlan:
    PM_NONE = 0

    def __init__(self, interface):
        self.interface = interface
        self.calls = []
        self.state = 1001

    def active(self, on):
        self.calls.append(("active", on))

    def config(self, **settings):
        self.calls.append(("config", settings["reconnects"], settings["pm"]))

    def connect(self, ssid, password):
        self.calls.append(("connect", ssid, password))

    def disconnect(self):
        self.calls.append(("disconnect",))

    def isconnected(self):
        return self.state == 1010

    def status(self, what=None):
        return -67 if what == "rssi" else self.state


class Lan:
    def __init__(self, number, **settings):
        self.settings = dict(settings, number=number)
        self.calls = []
        self.state = 4

    def active(self, on):
        self.calls.append(on)

    def isconnected(self):
        return self.state == 5

    def status(self):
        return self.state


MACHINE = Module(Pin=Pin, UART=Uart, WDT=Wdt, RTC=Rtc, I2C=I2c, SPI=Spi, reset_cause=lambda: 3)
MACHINE.PWRON_RESET, MACHINE.HARD_RESET, MACHINE.WDT_RESET, MACHINE.DEEPSLEEP_RESET, MACHINE.SOFT_RESET = 1, 2, 3, 4, 5
NETWORK = Module(
    WLAN=Wlan, LAN=Lan, STA_IF=0, PHY_LAN8720=1, PHY_W5500=2, ETH_CONNECTED=3, STAT_IDLE=1000, STAT_CONNECTING=1001
)
NETWORK.STAT_WRONG_PASSWORD, NETWORK.STAT_NO_AP_FOUND, NETWORK.STAT_ASSOC_FAIL = 202, 201, 203
NETWORK.STAT_BEACON_TIMEOUT, NETWORK.STAT_HANDSHAKE_TIMEOUT = 200, 204
sys.modules["machine"], sys.modules["network"] = MACHINE, NETWORK
sys.modules["esp32"] = Module(HEAP_DATA=4, idf_heap_info=lambda kind: [(kind, 1000, 0, 0), (kind, 500_000_000, 0, 0)])


class Ram:
    """A flash partition of 64 KB in memory."""

    def __init__(self):
        self.data = bytearray(65536)

    def readblocks(self, block, buffer, offset=0):
        start = block * 4096 + offset
        buffer[:] = self.data[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * 4096 + offset
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, operation, _argument):
        return {4: 16, 5: 4096}.get(operation, 0)


RAM = Ram()
vfs.VfsLfs2.mkfs(RAM)
vfs.mount(vfs.VfsLfs2(RAM), "/meter")
