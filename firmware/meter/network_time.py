"""Asking an SNTP server for the time. The core has no I/O and takes time as an argument; ``keep`` is the task around it.

A server is asked 64 s after the first time, then with pauses that double to 1024 s, whether it answers or not (RFC 4330,
section 10). One that wants to be left alone is, until the meter's next start. Its word is the least trusted: see Timekeeper.
"""

import asyncio

from ..wire import sntp
from ..wire.clock import NETWORK
from ..wire.fields import WireError
from .deadline import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Board, Clock, Stream
    from .config import TimeServer

FIRST_PAUSE_MS = 64_000
LONGEST_PAUSE_MS = 1_024_000
_PATIENCE_S = 5  # a later answer says too little
_LOOK_S = 1


class NetworkTime:
    """Decides when to ask.

    Attributes:
        banned: whether the server does not want to be asked any more.
    """

    def __init__(self) -> None:
        self.banned = False
        self._pause = FIRST_PAUSE_MS
        self._due = 0

    def is_due(self, ticks_ms: int) -> bool:
        """Whether to ask now."""
        return not self.banned and ticks_ms >= self._due

    def asked(self, ticks_ms: int, chance: int) -> None:
        """A request is on its way.

        ``chance`` 0..255 stretches the pause by up to an eighth: after a blackout all meters of an island ask one server.
        """
        self._due = ticks_ms + self._pause + self._pause * chance // 2048
        self._pause = min(2 * self._pause, LONGEST_PAUSE_MS)

    def kissed(self, code: str, ticks_ms: int) -> None:
        """The server wants to be asked less: see sntp.Kiss."""
        self._pause = LONGEST_PAUSE_MS
        self._due = ticks_ms + LONGEST_PAUSE_MS
        self.banned = code in ("DENY", "RSTR")


async def keep(
    server: "TimeServer", board: "Board", take: "Callable[[int, int, int, int], None]", log: "Callable[[str], None]"
) -> None:
    """Ask again and again; ``take(source, Unix ms, uncertainty ms, ticks ms)`` is given what is learnt.

    Ends if the server bans us.
    """
    schedule = NetworkTime()
    last = None
    while not schedule.banned:
        if schedule.is_due(board.clock.ticks_ms()):
            said, last = last, "answers"
            try:
                take(NETWORK, *await _ask(server, board, schedule))
            except sntp.Kiss as kiss:
                schedule.kissed(kiss.code, board.clock.ticks_ms())
                last = str(kiss)
            except (OSError, WireError) as error:
                last = str(error)
            if last != said:
                log(f"time server: {last}")
        await asyncio.sleep(_LOOK_S)


async def _ask(server: "TimeServer", board: "Board", schedule: NetworkTime) -> "tuple[int, int, int]":
    """(Unix ms, uncertainty ms, ticks ms) by one question."""
    clock, cookie = board.clock, board.random(sntp.COOKIE_SIZE)
    # each time from another port, which a forger would have to guess, too
    line = board.open_udp(server.host, server.port)
    try:
        left = clock.ticks_ms()
        await line.write(sntp.request(cookie))
        schedule.asked(left, board.random(1)[0])
        data, arrived = await within(_PATIENCE_S, _answer(line, cookie, clock))
    finally:
        line.close()
    return sntp.measure(data, arrived - left) + (arrived,)  # noqa: RUF005 - MicroPython has no (*a, b)


async def _answer(line: "Stream", cookie: bytes, clock: "Clock") -> "tuple[bytes, int]":
    """The first packet that answers, and when it arrived."""
    while True:
        data = await line.read(sntp.SIZE)
        arrived = clock.ticks_ms()
        if sntp.answers(data, cookie):
            return data, arrived
