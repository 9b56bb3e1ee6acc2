"""Token buckets: how much of whoever talks too much is heard. No clock: time is an argument."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Level:
    tokens: int
    since: int


class Buckets:
    """One bucket for each name: it holds up to ``burst`` tokens, ``rate`` more come with each second, a message takes one."""

    def __init__(self, rate: int, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._levels: dict[str, _Level] = {}

    def take(self, name: str, now: int) -> bool:
        """Whether ``name`` has a token left at Unix second ``now``; it is taken. A clock that was set back gives nothing."""
        level = self._levels.get(name)
        if level is None:
            level = self._levels[name] = _Level(self._burst, now)
        elif now != level.since:
            level.tokens = min(self._burst, level.tokens + self._rate * max(0, now - level.since))
            level.since = now
        if level.tokens == 0:
            return False
        level.tokens -= 1
        return True
