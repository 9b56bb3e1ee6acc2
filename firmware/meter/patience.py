"""When to ask a device again. No I/O; time is an argument."""

_TOLERATED = 3
_FIRST_PAUSE_MS = 2_000
_LONGEST_PAUSE_MS = 300_000


class Patience:
    """After three failures in a row the pauses grow from 2 s to 5 min: a dead device costs a time-out each time, and its
    neighbours on the line would pay for it. One answer ends it."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause = _FIRST_PAUSE_MS
        self._next = 0

    def ready(self, now: int) -> bool:
        """Whether to ask at ``now``, monotonic milliseconds."""
        return now >= self._next

    def succeeded(self) -> None:
        """The device answered."""
        self._failures = 0
        self._pause = _FIRST_PAUSE_MS

    def failed(self, now: int) -> None:
        """It did not, as was clear at ``now``."""
        self._failures += 1
        if self._failures >= _TOLERATED:
            self._next = now + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE_MS)
