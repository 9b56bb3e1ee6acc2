"""Elapsed time in microseconds, the same on both interpreters. For pauses, never for dates."""

try:
    from time import ticks_diff, ticks_us
except ImportError:  # CPython, in tests
    import time

    def ticks_us() -> int:  # type: ignore[misc]
        return time.perf_counter_ns() // 1000  # type: ignore[attr-defined]

    def ticks_diff(end: int, start: int) -> int:  # type: ignore[no-redef]
        return end - start


class Stopwatch:
    """Runs from its making, or from ``restart``. A board's counter may wrap: meant for less than nine minutes."""

    def __init__(self) -> None:
        self._start = ticks_us()

    def restart(self) -> None:
        """Begin again at 0."""
        self._start = ticks_us()

    def us(self) -> int:
        """Microseconds since the start."""
        return ticks_diff(ticks_us(), self._start)
