"""How late the event loop is: the longest computation that any task did without giving the others their turn."""

import asyncio

from .stopwatch import Stopwatch

_PAUSE_MS = 100


class LoopLag:
    """Lateness of a task that only sleeps."""

    def __init__(self) -> None:
        self._longest_us = self._sum_us = self._count = 0

    def note(self, slept_us: int) -> None:
        """The task slept for ``slept_us`` instead of 100 ms."""
        late = max(0, slept_us - 1000 * _PAUSE_MS)
        self._longest_us = max(self._longest_us, late)
        self._sum_us += late
        self._count += 1

    def take(self) -> "tuple[int, int]":
        """(longest, mean) in milliseconds since this was asked before, rounded up; 0 if there was nothing to measure."""
        longest, mean = self._longest_us, self._sum_us // self._count if self._count else 0
        self._longest_us = self._sum_us = self._count = 0
        return -(-longest // 1000), -(-mean // 1000)

    async def measure(self) -> None:
        """Never returns."""
        while True:
            watch = Stopwatch()
            await asyncio.sleep(_PAUSE_MS / 1000)
            self.note(watch.us())
