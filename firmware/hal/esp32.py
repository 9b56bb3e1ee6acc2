"""The ESP32 on MicroPython. Only this file and esp32_network call its own modules."""

import asyncio
import gc
import os
import sys
import time

import esp32
import machine

from ..wire.clock import NETWORK, UNSET
from . import littlefs, sockets
from .atecc608 import ADDRESS, Atecc608
from .sockets import Stream

_ROOT = "/meter"  # on the LittleFS that MicroPython mounts on its partition
_EPOCH_2000_S = 946_684_800
_SET_SINCE_S = 1_735_689_600  # 2025: no clock that was ever set is earlier
_DRIFT_MS = 60_000  # a month at the crystal's 20 ppm
_I2C_HZ = 100_000  # the most at which a secure element's wake pulse is long enough
_BUFFER = 512  # bytes: two of the longest Modbus frames
_FREE = 1  # of idf_heap_info's regions

RESET_REASONS = {
    machine.PWRON_RESET: "power on",
    machine.HARD_RESET: "reset pin",
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep sleep",
    machine.SOFT_RESET: "restart",
}


TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.signer import Signer
    from .esp32_network import W5500, Lan8720, Wifi


class Pins:
    """GPIO numbers of the RS-485 transceiver, the LED and a secure element's I2C bus; None for what the board has not.

    ``direction`` drives the line while it is high.
    """

    def __init__(
        self,
        tx: "int | None" = None,
        rx: "int | None" = None,
        direction: "int | None" = None,
        led: "int | None" = None,
        sda: "int | None" = None,
        scl: "int | None" = None,
    ) -> None:
        self.tx = tx
        self.rx = rx
        self.direction = direction
        self.led = led
        self.sda = sda
        self.scl = scl


class Clock:
    """The chip's clock: it survives a restart, not a power cut, and nobody has told it the time since it was set."""

    def __init__(self) -> None:
        self._epoch_ms = _EPOCH_2000_S * 1000 if time.gmtime(0)[0] == 2000 else 0
        self._last = time.ticks_ms()
        self._ticks = 0

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._epoch_ms

    def ticks_ms(self) -> int:
        now = time.ticks_ms()
        self._ticks += time.ticks_diff(now, self._last)
        self._last = now
        return self._ticks

    def quality(self) -> int:
        return NETWORK if self.wall_ms() >= _SET_SINCE_S * 1000 else UNSET

    def uncertainty_ms(self) -> int:
        return _DRIFT_MS

    def set(self, wall_ms: int) -> None:
        year, month, day, hour, minute, second, weekday = time.gmtime(wall_ms // 1000 - self._epoch_ms // 1000)[:7]
        machine.RTC().datetime((year, month, day, weekday, hour, minute, second, wall_ms % 1000 * 1000))


class Direction:
    """The direction pin of an RS-485 transceiver."""

    def __init__(self, pin: int, uart: machine.UART) -> None:
        self._pin = machine.Pin(pin, machine.Pin.OUT, value=0)
        self._uart = uart

    def transmit(self) -> None:
        self._pin(1)

    def receive(self) -> None:
        self._pin(0)

    def sent(self) -> bool:
        return self._uart.txdone()


class SerialStream:
    """A UART."""

    def __init__(self, uart: machine.UART, direction: "Direction | None") -> None:
        self.direction = direction
        self._uart = uart
        self._stream = Stream(uart)

    async def read(self, count: int) -> bytes:
        return await self._stream.read(count)

    async def write(self, data: bytes) -> None:
        await self._stream.write(data)

    def discard(self) -> bool:
        return bool(self._uart.read(_BUFFER))

    def close(self) -> None:
        self._uart.deinit()


class Watchdog:
    """The chip's own watchdog, which resets it."""

    def __init__(self, timeout_s: int) -> None:
        self._wdt = machine.WDT(timeout=timeout_s * 1000)

    def feed(self) -> None:
        self._wdt.feed()


class Led:
    """A lamp on a pin."""

    def __init__(self, pin: int) -> None:
        self._pin = machine.Pin(pin, machine.Pin.OUT, value=0)

    def shine(self, on: bool) -> None:
        self._pin(int(on))


class Relay:
    """A contactor's driver on a pin, closed while it is high, and its auxiliary contact, which is closed to ground."""

    def __init__(self, output: int, feedback: "int | None") -> None:
        self._output = machine.Pin(output, machine.Pin.OUT)
        self._feedback = None if feedback is None else machine.Pin(feedback, machine.Pin.IN, machine.Pin.PULL_UP)

    def set(self, closed: bool) -> None:
        self._output(int(closed))

    def closed(self) -> "bool | None":
        return None if self._feedback is None else not self._feedback()


class Console:
    """The serial port that MicroPython's own console is on."""

    def __init__(self) -> None:
        self._stream = asyncio.StreamReader(sys.stdin.buffer)

    async def read(self, count: int) -> bytes:
        return await self._stream.read(count)

    async def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)

    def close(self) -> None:
        pass


class Board(sockets.Connections):
    """An ESP32 with one RS-485 transceiver."""

    target = "esp32"

    def __init__(self, pins: Pins, network: "Wifi | Lan8720 | W5500", element: "int | None" = None) -> None:
        """``element``: I2C address of a secure element on pins.sda and pins.scl, None for the one that it is made with.

        SignerError if it does not answer.
        """
        self._pins = pins
        self.network = network
        self.console = Console()
        if not littlefs.exists(_ROOT):
            os.mkdir(_ROOT)
        self.clock = Clock()
        self.files = littlefs.Files(_ROOT)
        self.led = None if pins.led is None else Led(pins.led)
        self.signer: Signer | None = None
        if pins.sda is not None and pins.scl is not None:
            bus = machine.I2C(0, scl=machine.Pin(pins.scl), sda=machine.Pin(pins.sda), freq=_I2C_HZ)
            self.signer = Atecc608(bus, self.clock.ticks_ms, element or ADDRESS)

    def random(self, count: int) -> bytes:
        return os.urandom(count)

    def open_serial(self, path: str, baud: int) -> SerialStream:
        """``path`` is "uart1" or "uart2"; the first one is the console's. OSError for another."""
        if path not in ("uart1", "uart2"):
            raise OSError(f"there is no {path}: uart1 or uart2")
        pins = self._pins
        if pins.tx is None or pins.rx is None:
            raise OSError(f"{path} is not connected to any pins")
        uart = machine.UART(int(path[4:]), baud, 8, None, 1, tx=pins.tx, rx=pins.rx, rxbuf=_BUFFER, timeout=0)
        return SerialStream(uart, None if pins.direction is None else Direction(pins.direction, uart))

    def open_relay(self, output: str, feedback: "str | None") -> Relay:
        """Both are GPIO numbers."""
        return Relay(int(output), None if feedback is None else int(feedback))

    def watchdog(self, timeout_s: int) -> Watchdog:
        """Start it. It cannot be stopped."""
        return Watchdog(timeout_s)

    def reset_reason(self) -> str:
        """Why the chip started."""
        cause = machine.reset_cause()
        return RESET_REASONS.get(cause, f"cause {cause}")

    def heap_free(self) -> int:
        """Of MicroPython's heap, plus what it may still take from the chip's: the port's heap grows."""
        gc.collect()
        return int(gc.mem_free()) + max([region[_FREE] for region in esp32.idf_heap_info(esp32.HEAP_DATA)])
