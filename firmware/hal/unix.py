"""MicroPython's unix port: a Raspberry Pi, and every simulated meter. Runs on MicroPython only."""

import errno
import gc
import os
import termios
import time

import ffi
import vfs

from ..wire.clock import EARLIEST_S, HOST, UNSET
from . import littlefs, sockets
from .block_file import BlockFile
from .sockets import Stream

_ROOT = "/flash"
_WRITE_UNIT = 256  # bytes: a page of the common NOR flash chips
_READ_WRITE = 2
_NO_CONTROLLING_TERMINAL = 0o400
_EXCLUSIVE_NOW = 6  # LOCK_EX | LOCK_NB
_VTIME, _VMIN = 5, 6
_INPUT_QUEUE = 4096  # bytes that the kernel keeps of a terminal
# Linux, asm-generic/termbits.h; the port's termios names only some of them
_SPEEDS = {9600: 13, 19200: 14, 38400: 15, 57600: 4097, 115200: 4098}


TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..wire.signer import Signer


class FlashError(Exception):
    """The flash file cannot be used: the installation's fault. The message says what to do."""


class Clock:
    """The operating system's time. Whether anything keeps it right we cannot see, so we promise a second at best.

    ``right`` is False if nothing does. A date before every meter's birth is not believed in any case: it is that of a
    Raspberry Pi without a battery whose network is not there yet.
    """

    def __init__(self, right: bool) -> None:
        self._right = right
        self._last = time.ticks_ms()
        self._ticks = 0

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def ticks_ms(self) -> int:
        now = time.ticks_ms()
        self._ticks += time.ticks_diff(now, self._last)
        self._last = now
        return self._ticks

    def quality(self) -> int:
        return HOST if self._right and self.wall_ms() >= 1000 * EARLIEST_S else UNSET

    def uncertainty_ms(self) -> int:
        return 1000

    def set(self, wall_ms: int) -> None:
        """Nothing: the operating system's time is its administrator's."""


class Files(littlefs.Files):
    """LittleFS on a file. Made on first use, never formatted again: it holds the key and what was not yet receipted."""

    def __init__(self, path: str) -> None:
        """FlashError if another process has the file open or LittleFS cannot read it."""
        device = _open(path)
        _lock(device, path)
        try:
            vfs.mount(vfs.VfsLfs2(device, progsize=_WRITE_UNIT), _ROOT)
        except OSError as error:
            raise FlashError(
                f"{path} holds no readable LittleFS ({error}). If it is of another program, name another file; if it is "
                "damaged, keep it for analysis, name a new one and enrol the meter again."
            ) from None
        super().__init__(_ROOT)


def _open(path: str) -> BlockFile:
    try:
        return BlockFile(path)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise FlashError(f"{path} cannot be opened: {error}") from None
    # format beside and rename: a power cut must not leave half a file system under the final name
    BlockFile.create(path + ".new")
    vfs.VfsLfs2.mkfs(BlockFile(path + ".new"), progsize=_WRITE_UNIT)
    os.rename(path + ".new", path)
    return BlockFile(path)


def _lock(device: BlockFile, path: str) -> None:
    # two writers would destroy the file system, so the kernel admits one, and forgets it when it dies
    flock = ffi.open("libc.so.6").func("i", "flock", "ii")
    if flock(device.fileno(), _EXCLUSIVE_NOW) != 0:
        raise FlashError(f"{path} is in use: this meter is already running")


def _open_line(path: str) -> int:
    # a plain open would make the line the controlling terminal of a process that leads its session, as under systemd,
    # and pulling the adapter's plug would then end the meter (open(2), O_NOCTTY)
    descriptor = int(ffi.open("libc.so.6").func("i", "open", "si")(path, _READ_WRITE | _NO_CONTROLLING_TERMINAL))
    if descriptor < 0:
        raise OSError(errno.ENODEV, path)
    return descriptor


class SerialStream(Stream):
    """A serial line, set so that reading never waits."""

    direction = None  # adapters, and the kernel's own ports, switch by themselves

    def discard(self) -> bool:
        return bool(self._raw.read(_INPUT_QUEUE))  # type: ignore[attr-defined]


class Relay:
    """A contact on lines that are files with "0" or "1", as Linux shows GPIO (Documentation/admin-guide/gpio/sysfs)."""

    def __init__(self, output: str, feedback: "str | None") -> None:
        self._output = output
        self._feedback = feedback

    def set(self, closed: bool) -> None:
        with open(self._output, "w") as line:
            line.write("1" if closed else "0")

    def closed(self) -> "bool | None":
        if self._feedback is None:
            return None
        with open(self._feedback) as line:
            return line.read(1) == "1"


class Watchdog:
    """The kernel's alarm clock: its signal ends a process that does not wind it up again (alarm(2))."""

    def __init__(self, timeout_s: int) -> None:
        self._timeout_s = timeout_s
        self._alarm = ffi.open("libc.so.6").func("I", "alarm", "I")
        self.feed()

    def feed(self) -> None:
        self._alarm(self._timeout_s)


class Board(sockets.Connections):
    """A process on Linux."""

    network = led = console = None
    target = "unix"
    signer: "Signer | None" = None

    def __init__(self, flash: str, clock: bool = True) -> None:
        """``flash``: path of the file that stands for the flash chip. FlashError if it cannot be used.

        ``clock``: whether the computer keeps its time right, as with NTP or a clock chip.
        """
        self.clock = Clock(clock)
        self.files = Files(flash)

    def random(self, count: int) -> bytes:
        return os.urandom(count)

    def open_serial(self, path: str, baud: int) -> SerialStream:
        line = open(_open_line(path), "r+b", buffering=0)  # noqa: SIM115 - closed by Stream.close
        termios.setraw(line.fileno())
        settings = termios.tcgetattr(line.fileno())
        settings[4] = settings[5] = _SPEEDS[baud]
        # a read returns what is there and never waits for more
        settings[6][_VMIN] = settings[6][_VTIME] = 0
        termios.tcsetattr(line.fileno(), termios.TCSANOW, settings)
        return SerialStream(line)

    def open_relay(self, output: str, feedback: "str | None") -> Relay:
        return Relay(output, feedback)

    def reset_reason(self) -> str:
        return "start"

    def heap_free(self) -> int:
        gc.collect()
        return int(gc.mem_free())

    def watchdog(self, timeout_s: int) -> Watchdog:
        return Watchdog(timeout_s)
