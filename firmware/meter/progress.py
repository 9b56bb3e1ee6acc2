"""Local progress: what a meter achieves without anybody's help. It feeds the watchdog and confirms an update.

The network, the broker and the gateway have no say here: a meter on an island without them for a month makes progress.
A device that does not answer has none either: trying to poll it is progress, for a restart would not wake it. Only a
trial has to show a reading, since a new application that cannot read looks just like a dead device.
"""

LIMIT_MS = 60000  # for each task to come round again; the bus task may pause poll_ms in between
SETTLED_MS = 60000
TRIAL_MS = 600000
_LONG_MS = 300000  # an interval from here on is too long for a trial to wait for its end
_HOUR_MS = 3600000
_NAP_MS = 30000  # what passes between two looks and is more is sleep of the whole computer, and nobody's fault


class Progress:
    """What has been achieved since the start. All times are monotonic milliseconds."""

    def __init__(self, now: int, poll_ms: int, interval_s: int) -> None:
        self._begun = self._seen = now
        self._untried = self._unlooked = 0  # for how long, awake
        self._poll_ms = poll_ms
        self._interval_ms = 1000 * interval_s
        self._sampled = self._stored = False

    def tried(self, sampled: bool) -> None:
        """A device was polled, or is left in peace; ``sampled`` if the billing device gave a reading."""
        self._untried = 0
        self._sampled = self._sampled or sampled

    def looked(self) -> None:
        """Everything that was due to be certified and stored is, or is held for want of readings or room."""
        self._unlooked = 0

    def stored(self) -> None:
        """A certificate has been signed and is on the flash."""
        self._stored = True

    def stalled(self, now: int) -> "str | None":
        """Which task has come to a stop, in words; None if none has. To be asked every few seconds."""
        passed, self._seen = min(now - self._seen, _NAP_MS), now
        self._untried += passed
        self._unlooked += passed
        if self._untried > LIMIT_MS + self._poll_ms:
            return f"the bus task stands still since {self._untried // 1000} s"
        if self._unlooked > LIMIT_MS:
            return f"certifying stands still since {self._unlooked // 1000} s"
        return None

    def made(self, now: int) -> bool:
        """Whether this start was worth it: a certificate is stored, or none was due in an interval and a minute."""
        return self._stored or now - self._begun > min(self._interval_ms, _HOUR_MS) + SETTLED_MS

    def proven(self, now: int) -> bool:
        """Whether a trial has shown all that can be asked of it: a reading, and a certificate on the flash.

        With intervals of five minutes and more it is a reading, and five minutes without coming to a stop.
        """
        long = self._interval_ms >= _LONG_MS and now - self._begun >= _LONG_MS
        return self._sampled and (self._stored or long)

    def overdue(self, now: int) -> bool:
        """Whether a trial has had its ten minutes."""
        return now - self._begun >= TRIAL_MS
