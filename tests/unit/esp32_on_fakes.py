"""The ESP32's hal on MicroPython, over fakes of ``machine``, ``network`` and ``esp32``. ``test_hal_esp32.py`` starts it."""
# A script for MicroPython, which puts things into modules that type checkers must not see.
# mypy: ignore-errors

import asyncio
import io
import sys
import time

import vfs

LEVELS = {}  # of the pins
UARTS, WATCHDOGS = [], []  # that were made
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


MACHINE = Module(Pin=Pin, UART=Uart, WDT=Wdt, RTC=Rtc, reset_cause=lambda: 3)
MACHINE.PWRON_RESET, MACHINE.HARD_RESET, MACHINE.WDT_RESET, MACHINE.DEEPSLEEP_RESET, MACHINE.SOFT_RESET = 1, 2, 3, 4, 5
NETWORK = Module(WLAN=Wlan, LAN=Lan, STA_IF=0, PHY_LAN8720=1, ETH_CONNECTED=3, STAT_IDLE=1000, STAT_CONNECTING=1001)
NETWORK.STAT_WRONG_PASSWORD, NETWORK.STAT_NO_AP_FOUND, NETWORK.STAT_ASSOC_FAIL = 202, 201, 203
NETWORK.STAT_BEACON_TIMEOUT, NETWORK.STAT_HANDSHAKE_TIMEOUT = 200, 204
sys.modules["machine"], sys.modules["network"] = MACHINE, NETWORK
sys.modules["esp32"] = Module(HEAP_DATA=4, idf_heap_info=lambda kind: [(kind, 1000, 0, 0), (kind, 500_000_000, 0, 0)])

from firmware.hal import esp32  # noqa: E402
from firmware.hal.esp32_network import Ethernet, Wifi  # noqa: E402
from firmware.meter.config import Bus  # noqa: E402
from firmware.meter.link import RtuLink  # noqa: E402
from firmware.wire import modbus  # noqa: E402
from firmware.wire.clock import NETWORK, UNSET  # noqa: E402


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


def board():
    return esp32.Board(esp32.Pins(tx=17, rx=16, direction=4, led=2))


def refuses(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        return True
    return False


def test_files_lie_on_the_partition():
    files = board().files
    files.write("boot", b"1")
    files.append("boot", b"2")
    assert board().files.read("boot") == b"12"
    assert files.names("q") == []
    files.write("q/s1", b"x")
    assert files.names("q") == ["s1"]
    before = files.free()
    files.write("q/s2", bytes(5000))
    assert before - files.free() == 8192
    files.remove("q/s2")
    assert refuses(files.read, "q/s2")


def test_the_line_is_8n1_on_its_pins_and_drives_while_it_writes():
    line = board().open_serial("uart1", 9600)
    uart = UARTS[-1]
    wanted = {"number": 1, "baud": 9600, "bits": 8, "parity": None, "stop": 1, "tx": 17, "rx": 16, "rxbuf": 512, "timeout": 0}
    assert uart.settings == wanted
    assert LEVELS[4] == 0

    async def talk():
        line.direction.transmit()
        await line.write(b"ask")
        while not line.direction.sent():
            pass
        line.direction.receive()
        uart.incoming = b"answer"
        return await line.read(3), await line.read(9)

    assert asyncio.run(talk()) == (b"ans", b"wer")
    assert uart.sent == [(b"ask", 1)]
    assert (LEVELS[4], uart.unsent) == (0, -1)
    uart.incoming = b"late"
    assert (line.discard(), line.discard()) == (True, False)
    line.close()
    assert not uart.open


def test_the_meters_own_bus_reads_over_it():
    reply = bytes((5, 3, 2, 0x12, 0x34))
    reply += modbus.crc16(reply).to_bytes(2, "little")

    def write(uart, data):
        uart.sent.append((bytes(data), LEVELS.get(4)))
        uart.incoming = reply
        return len(data)

    Uart.write, kept = write, Uart.write
    try:
        link = RtuLink(board(), Bus("rtu", path="uart2", baud=115200))
        assert asyncio.run(link.read(5, 3, 0, 1)) == (0x1234,)
    finally:
        Uart.write = kept
    assert (UARTS[-1].sent[0][1], LEVELS[4]) == (1, 0)


def test_the_consoles_uart_is_no_bus():
    assert refuses(board().open_serial, "uart0", 9600)
    assert refuses(board().open_serial, "/dev/ttyS0", 9600)


def test_the_watchdog_is_fed():
    watchdog = board().watchdog(60)
    watchdog.feed()
    assert (WATCHDOGS[-1].timeout, WATCHDOGS[-1].meals) == (60000, 1)


def test_the_reset_reason_is_said_in_words():
    assert board().reset_reason() == "watchdog"
    MACHINE.reset_cause = lambda: 9
    assert board().reset_reason() == "cause 9"
    MACHINE.reset_cause = lambda: 3


def test_a_clock_that_nobody_set_is_not_believed():
    clock = board().clock
    assert abs(clock.wall_ms() - time.time() * 1000) < 2000
    assert clock.quality() == NETWORK
    esp32._SET_SINCE_S, kept = 1 << 40, esp32._SET_SINCE_S
    assert clock.quality() == UNSET
    esp32._SET_SINCE_S = kept
    first = clock.ticks_ms()
    time.sleep(0.003)
    assert first + 3 <= clock.ticks_ms() <= first + 500


def test_the_clock_is_set():
    board().clock.set(1_800_000_000_250)
    assert Rtc.told == (2027, 1, 15, 4, 8, 0, 0, 250_000)


def test_the_chips_own_heap_counts():
    assert board().heap_free() > 500_000_000


def test_randomness_is_the_systems():
    assert len(board().random(32)) == 32
    assert board().random(32) != board().random(32)


def test_the_contact_follows_its_pin_and_answers_on_another():
    contact = board().open_relay("25", "26")
    LEVELS[26] = 1
    contact.set(True)
    assert (LEVELS[25], contact.closed()) == (1, False)
    LEVELS[26] = 0
    assert contact.closed()
    contact.set(False)
    assert LEVELS[25] == 0
    assert board().open_relay("25", None).closed() is None


def test_the_led_shines():
    board().led.shine(True)
    assert LEVELS[2] == 1
    assert esp32.Board(esp32.Pins(17, 16)).led is None


def test_wifi_leaves_retrying_to_us():
    wifi = Wifi("isle", "secret")
    wifi.connect()
    wifi.disconnect()
    wifi.restart()
    calls = wifi._wlan.calls
    assert calls[:2] == calls[5:] == [("active", True), ("config", 0, 0)]
    assert calls[2:5] == [("connect", "isle", "secret"), ("disconnect",), ("active", False)]


def test_wifi_says_what_is_wrong():
    wifi = Wifi("isle", "secret")
    wifi._wlan.state = 202
    assert (wifi.connected(), wifi.rssi(), wifi.status()) == (False, None, "the access point refuses the password")
    wifi._wlan.state = 777
    assert wifi.status() == "status 777"
    wifi._wlan.state = 1010
    assert (wifi.connected(), wifi.rssi()) == (True, -67)


def test_ethernet():
    lan = Ethernet(23, 18, 12, 1)
    assert lan._lan.settings["mdc"].number == 23
    assert lan._lan.settings["power"].number == 12
    lan.connect()
    lan.disconnect()
    lan.restart()
    assert lan._lan.calls == [True, False, False]
    assert (lan.connected(), lan.rssi(), lan.status()) == (False, None, "no cable, or nobody at its end")
    lan._lan.state = 3
    assert lan.status() == "no address was given in time"
    lan._lan.state = 5
    assert lan.connected()


def test_the_board_hands_on_its_network_and_console():
    wifi = Wifi("isle", "secret")
    one = esp32.Board(esp32.Pins(17, 16), wifi)
    assert one.network is wifi
    assert board().network is None
    asyncio.run(one.console.write(b"console\n"))
