"""What time it is, how well that is known, and from whom. No I/O: ticks and measurements are arguments.

    time = ticks + offset

Ticks never jump; each *fix* is one source's word about the offset. Its uncertainty grows with its age, at DRIFT_PPM.

- A fix that contradicts a more trusted one (their uncertainties do not meet) is refused: whoever forges SNTP can move the clock
  within what a better source left open, and no further. It may speak again once that one's uncertainty has grown.
- A fix replaces those of lesser sources that contradict it.
- Of the fixes that are known to _TIGHT_MS the most trusted is followed, else the tightest.
- A difference below _STEP_MS is slewed at _SLEW_PPM, so that time does not run back; what is still missing counts as
  uncertainty. A larger one is stepped, and whoever asks is told from where to where.
"""

from ..wire.clock import NEVER_SET, UNSET, ClockQuality

DRIFT_PPM = 50  # crystals of boards without temperature compensation, over their range
_SLEW_PPM = 500
_STEP_MS = 1000
_TIGHT_MS = 2000
_PPM = 1_000_000


class Moment:
    """A moment: ``uptime_ms`` since the start, ``time_ms`` Unix or None while the clock was never set, and its quality."""

    __slots__ = ("quality", "time_ms", "uptime_ms")

    def __init__(self, uptime_ms: int, time_ms: "int | None", quality: ClockQuality) -> None:
        self.uptime_ms = uptime_ms
        self.time_ms = time_ms
        self.quality = quality


class _Fix:
    __slots__ = ("offset_ms", "source", "ticks_ms", "uncertainty_ms")

    def __init__(self, source: int, offset_ms: int, uncertainty_ms: int, ticks_ms: int) -> None:
        self.source = source
        self.offset_ms = offset_ms
        self.uncertainty_ms = uncertainty_ms
        self.ticks_ms = ticks_ms

    def uncertainty(self, ticks_ms: int) -> int:
        """By now, in milliseconds, rounded up."""
        return self.uncertainty_ms - (self.ticks_ms - ticks_ms) * DRIFT_PPM // _PPM

    def contradicts(self, other: "_Fix", ticks_ms: int) -> bool:
        apart = abs(self.offset_ms - other.offset_ms)
        return apart > self.uncertainty(ticks_ms) + other.uncertainty(ticks_ms)


class Timekeeper:
    """One meter's idea of the time.

    Attributes:
        refused: measurements that contradicted a more trusted source.
    """

    def __init__(self) -> None:
        self.refused = 0
        self._fixes: dict[int, _Fix] = {}
        self._followed: _Fix | None = None
        self._offset = 0  # in force at _since, slewing from there to the followed fix's
        self._since = 0

    def take(self, source: int, time_ms: int, uncertainty_ms: int, ticks_ms: int) -> "tuple[int, int] | None":
        """Take a measurement: it was ``time_ms`` (Unix) give or take ``uncertainty_ms`` when ticks were ``ticks_ms``, now.

        Args:
            source: clock.NETWORK to clock.GATEWAY.
        Returns:
            Unix ms before and after if the clock was stepped by that, else None; setting it for the first time is no step.
        """
        fix = _Fix(source, time_ms - ticks_ms, uncertainty_ms, ticks_ms)
        for other in self._fixes.values():
            if other.source > source and fix.contradicts(other, ticks_ms):
                self.refused += 1
                return None
        for other in list(self._fixes.values()):
            if other.contradicts(fix, ticks_ms):
                del self._fixes[other.source]
        self._fixes[source] = fix
        return self._follow(self._best(ticks_ms), ticks_ms)

    def now(self, ticks_ms: int) -> Moment:
        """The moment at which ticks are ``ticks_ms``."""
        fix = self._followed
        if fix is None:
            return Moment(ticks_ms, None, NEVER_SET)
        offset = self._slewed(fix, ticks_ms)
        uncertainty = fix.uncertainty(ticks_ms) + abs(fix.offset_ms - offset)
        quality = ClockQuality(fix.source, uncertainty, (ticks_ms - fix.ticks_ms) // 1000)
        return Moment(ticks_ms, ticks_ms + offset, quality)

    @property
    def source(self) -> int:
        """Whom we follow: clock.UNSET to clock.GATEWAY."""
        return self._followed.source if self._followed else UNSET

    def _best(self, ticks_ms: int) -> _Fix:
        fixes = list(self._fixes.values())
        tight = [fix for fix in fixes if fix.uncertainty(ticks_ms) <= _TIGHT_MS]
        if tight:
            return max(tight, key=lambda fix: fix.source)
        return min(fixes, key=lambda fix: fix.uncertainty(ticks_ms))

    def _follow(self, fix: _Fix, ticks_ms: int) -> "tuple[int, int] | None":
        before, self._followed = self._followed, fix
        if before is None:
            self._offset = fix.offset_ms
            return None
        old = self._slewed(before, ticks_ms)
        if old != self._offset or old == before.offset_ms:
            # otherwise less than a millisecond of the way is done, and a source that speaks often must not undo it
            self._since = ticks_ms
        if abs(fix.offset_ms - old) < _STEP_MS:
            self._offset = old
            return None
        self._offset = fix.offset_ms
        return ticks_ms + old, ticks_ms + fix.offset_ms

    def _slewed(self, fix: _Fix, ticks_ms: int) -> int:
        """The offset in force on the way to that of ``fix``."""
        most = (ticks_ms - self._since) * _SLEW_PPM // _PPM
        return self._offset + max(-most, min(most, fix.offset_ms - self._offset))
