"""Asking meters for the certificates that are missing between those that came."""

from dataclasses import dataclass

FIRST_PAUSE_S = 5
LONGEST_PAUSE_S = 300
MOST = 32
"""Certificates a command asks for: a meter that pays off a long debt by itself must not be made to flood us."""


@dataclass(slots=True)
class _Watch:
    lowest: int
    since: int
    pause: int


class Gaps:
    """When to ask which meter. A gap must stay for a while first: a meter sends its newest before it pays its debt."""

    def __init__(self) -> None:
        self._watched: dict[str, _Watch] = {}

    def ask(self, meter: str, missing: tuple[tuple[int, int], ...], now: int) -> tuple[int, int] | None:
        """Of what is ``missing``, (first, last) to ask ``meter`` for at Unix second ``now``.

        Every 5 s at most, ever more rarely while none comes.
        """
        if not missing:
            self._watched.pop(meter, None)
            return None
        first, last = missing[0]
        watch = self._watched.get(meter)
        if watch is None or watch.lowest != first:
            self._watched[meter] = _Watch(first, now, FIRST_PAUSE_S)
            return None
        # a clock that was set back has not waited
        if watch.since <= now < watch.since + watch.pause:
            return None
        watch.since = now
        watch.pause = min(2 * watch.pause, LONGEST_PAUSE_S)
        return first, min(last, first + MOST - 1)
