"""A board for tests, on both interpreters: files in a dict, a clock that stands until told, lines that are functions."""

import errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ENOSPC = 28  # "no space left"; MicroPython's errno has no name for it


class Clock:
    """A clock that the test moves."""

    def __init__(self, wall_ms: int = 1_800_000_000_000) -> None:
        self._wall_ms = wall_ms
        self._ticks_ms = 0

    def advance(self, ms: int) -> None:
        """Let ``ms`` milliseconds pass."""
        self._wall_ms += ms
        self._ticks_ms += ms

    def set(self, wall_ms: int) -> None:
        """Set wall time, as a user or NTP would; ticks do not notice."""
        self._wall_ms = wall_ms

    def wall_ms(self) -> int:
        return self._wall_ms

    def ticks_ms(self) -> int:
        return self._ticks_ms

    def quality(self) -> int:
        return 2

    def uncertainty_ms(self) -> int:
        return 1000


class Files:
    """Files in a dict. ``capacity`` bytes; ``fail_after`` writes from now the power fails, before anything is stored."""

    def __init__(self, capacity: int = 1 << 20) -> None:
        self.content: dict[str, bytes] = {}
        self.capacity = capacity
        self.fail_after: int | None = None

    def names(self, folder: str) -> list[str]:
        return [name[len(folder) + 1 :] for name in self.content if name.startswith(folder + "/")]

    def read(self, name: str, start: int = 0, size: int = -1) -> bytes:
        if name not in self.content:
            raise OSError(errno.ENOENT, name)
        return self.content[name][start : start + size if size >= 0 else None]

    def write(self, name: str, data: bytes) -> None:
        self._spend()
        if len(data) - len(self.content.get(name, b"")) > self.free():
            raise OSError(_ENOSPC, name)
        self.content[name] = data

    def append(self, name: str, data: bytes) -> None:
        self.write(name, self.content.get(name, b"") + data)

    def remove(self, name: str) -> None:
        self._spend()
        self.read(name)
        del self.content[name]

    def free(self) -> int:
        return self.capacity - sum([len(data) for data in self.content.values()])

    def size(self) -> int:
        return self.capacity

    def _spend(self) -> None:
        if self.fail_after is not None:
            if self.fail_after == 0:
                raise OSError(errno.EIO, "power cut")
            self.fail_after -= 1


class Direction:
    """A direction pin that notes what happens to it; the port has sent everything after ``busy`` questions."""

    def __init__(self, busy: int = 0) -> None:
        self.events: list[str] = []
        self._busy = busy

    def transmit(self) -> None:
        self.events.append("transmit")

    def receive(self) -> None:
        self.events.append("receive")

    def sent(self) -> bool:
        self._busy -= 1
        if self._busy < 0:
            self.events.append("sent")
        return self._busy < 0


class Stream:
    """A line to ``answer(request) -> list of pieces``: what it returns is read piece by piece; then silence."""

    def __init__(self, answer: "Callable[[bytes], list[bytes]]", direction: "Direction | None" = None) -> None:
        self.direction = direction
        self._answer = answer
        self._pieces: list[bytes] = []
        self.sent: list[bytes] = []
        self.closed = False

    async def read(self, count: int) -> bytes:
        import asyncio  # noqa: PLC0415 - only here: the rest of this board also serves ports without asyncio

        while not self._pieces:
            await asyncio.sleep(0.001)
        piece = self._pieces.pop(0)
        if len(piece) > count:
            self._pieces.insert(0, piece[count:])
        return piece[:count]

    def discard(self) -> bool:
        dropped = bool(self._pieces)
        self._pieces = []
        return dropped

    async def write(self, data: bytes) -> None:
        self.sent.append(data)
        self._pieces.extend(self._answer(data))

    def close(self) -> None:
        self.closed = True


class Relay:
    """A contact that follows at once, unless it is ``stuck``."""

    def __init__(self) -> None:
        self.is_closed = True
        self.stuck = False
        self.moves = 0

    def set(self, closed: bool) -> None:
        if not self.stuck and closed != self.is_closed:
            self.is_closed = closed
            self.moves += 1

    def closed(self) -> "bool | None":
        return self.is_closed


class Watchdog:
    """Bites nobody, and remembers."""

    def __init__(self, clock: Clock) -> None:
        self._longest = 0
        self._clock = clock
        self._fed = clock.ticks_ms()

    @property
    def longest_ms(self) -> int:
        """The longest time that it was left unfed, until now."""
        return max(self._longest, self._clock.ticks_ms() - self._fed)

    def feed(self) -> None:
        self._longest = self.longest_ms
        self._fed = self._clock.ticks_ms()


class Board:
    """Clock, files and countable randomness; lines come from ``lines``, in order, an OSError among them is raised.

    ``secured`` notes what open_tls was called with.
    """

    network = led = console = signer = None
    target = "fake"

    def __init__(self) -> None:
        self.clock = Clock()
        self.files = Files()
        self.relay = Relay()
        self.lines: list[Stream | OSError] = []
        self.secured: list[tuple[str, int, bytes, bytes, bytes]] = []
        self._drawn = 0

    def random(self, count: int) -> bytes:
        self._drawn += 1
        return bytes([(self._drawn + index) & 0xFF for index in range(count)])

    def open_tcp(self, host: str, port: int) -> Stream:  # noqa: ARG002
        return self._next_line()

    def open_tls(self, host: str, port: int, ca: bytes, certificate: bytes, key: bytes) -> Stream:
        self.secured.append((host, port, ca, certificate, key))
        return self._next_line()

    def open_udp(self, host: str, port: int) -> Stream:  # noqa: ARG002
        return self._next_line()

    def open_serial(self, path: str, baud: int) -> Stream:  # noqa: ARG002
        return self._next_line()

    def open_relay(self, output: str, feedback: "str | None") -> Relay:  # noqa: ARG002
        return self.relay

    def reset_reason(self) -> str:
        return "start"

    def heap_free(self) -> int:
        return 0

    def watchdog(self, timeout_s: int) -> Watchdog:  # noqa: ARG002
        return Watchdog(self.clock)

    def _next_line(self) -> Stream:
        line = self.lines.pop(0)
        if isinstance(line, OSError):
            raise line
        return line
