"""The most that may be drawn: more than that for too long opens the contact for a while. No I/O; time is an argument.

    over when more than the limit is drawn, until it is 5 % less; over for the limit's seconds on end: tripped

A trip lasts 5 minutes, and twice as long each time that it comes within an hour of the last, up to an hour.
"""

HYSTERESIS = 20  # the twentieth part
FIRST_MS = 300_000
LONGEST_MS = 3_600_000
_BLIND_MS = 10_000  # without a reading for so long nobody knows what was drawn


class LoadLimit:
    """Watches the power drawn. Times are monotonic milliseconds."""

    def __init__(self) -> None:
        self._over_since: int | None = None
        self._read_at = 0
        self._until: int | None = None
        self._pause = FIRST_MS

    def sample(self, w: int, limit: "tuple[int, int] | None", now: int) -> None:
        """``w`` are drawn; ``limit``: watts and seconds, None for none."""
        if now - self._read_at > _BLIND_MS:
            self._over_since = None
        self._read_at = now
        if limit is None or w <= limit[0] - limit[0] // HYSTERESIS:
            self._over_since = None
        elif w > limit[0] and self._over_since is None:
            self._over_since = now
        if limit is not None and self._over_since is not None and now - self._over_since >= 1000 * limit[1]:
            self._trip(now)

    def is_tripped(self, now: int) -> bool:
        """Whether the contact is to be open for this."""
        return self._until is not None and now < self._until

    def reset(self) -> None:
        """There is another limit, or none: begin anew."""
        self._over_since = self._until = None
        self._pause = FIRST_MS

    def _trip(self, now: int) -> None:
        again = self._until is not None and now - self._until < LONGEST_MS
        self._pause = min(2 * self._pause, LONGEST_MS) if again else FIRST_MS
        self._until = now + self._pause
        self._over_since = None
