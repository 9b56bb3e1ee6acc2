"""Many stations, driven by one loop: certificates go out as the load says, receipts come in, and an attacker may flood."""

import select
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from .station import Station

_POLL_S = 0.001
_SILENCE_S = 20.0
"""Without any receipt for so long, it is over."""
Load = Callable[[float, int, int], int]
"""How many certificates are to go out, of the seconds since the beginning, how many went out, and how many have no receipt."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One station that floods: ``rate`` messages a second, over and over these ``payloads``."""

    station: Station
    rate: float
    payloads: list[bytes]


@dataclass(slots=True)
class Trial:
    """What came of one load: seconds, certificates sent and receipted, seconds from sending to receipt, attacker's messages."""

    seconds: float = 0.0
    sent: int = 0
    receipted: int = 0
    delays: list[float] = field(default_factory=list)
    hostile: int = 0


def full(window: int, most: float) -> Load:
    """As fast as receipts come: ``window`` certificates of the whole fleet are without one, and ``most`` a second go out."""
    return lambda seconds, sent, waiting: min(window - waiting, int(seconds * most) + 1 - sent)


def paced(rate: float) -> Load:
    """``rate`` certificates a second, whatever comes back."""
    return lambda seconds, sent, _waiting: int(seconds * rate) - sent


class Field:
    """The stations and the selector over them."""

    def __init__(self, stations: list[Station]) -> None:
        self.stations = stations
        self._poll = select.epoll()
        self._by_line = {station.fileno(): station for station in stations}
        for line in self._by_line:
            self._poll.register(line, select.EPOLLIN)

    def run(
        self, load: Load, each: int, attack: Attack | None = None, progress: Callable[[int], None] = lambda _: None
    ) -> Trial:
        """Have every honest station send its next ``each`` certificates. It ends with the last receipt, or in long silence."""
        honest = [station for station in self.stations if attack is None or station is not attack.station]
        trial, total = Trial(), each * len(honest)
        for station in self.stations:
            station.delays = []
        start = heard = perf_counter()
        while trial.receipted < total and perf_counter() - heard < _SILENCE_S:
            now = perf_counter()
            for _ in range(min(load(now - start, trial.sent, trial.sent - trial.receipted), total - trial.sent)):
                honest[trial.sent % len(honest)].send()
                trial.sent += 1
            if attack is not None:
                _flood(attack, trial, now - start)
            news = sum(self._by_line[line].receive() for line, _ in self._poll.poll(_POLL_S))
            if news:
                heard = perf_counter()
                trial.receipted += news
                progress(news)
        trial.seconds = heard - start
        for station in honest:
            station.flush()
            trial.delays += station.delays
        return trial

    def close(self) -> None:
        """Hang up all."""
        self._poll.close()
        for station in self.stations:
            station.close()


def _flood(attack: Attack, trial: Trial, seconds: float) -> None:
    count = min(int(seconds * attack.rate) - trial.hostile, len(attack.payloads))
    first = trial.hostile % len(attack.payloads)
    payloads = (attack.payloads * 2)[first : first + count]
    if count > 0 and attack.station.flood(payloads, trial.hostile):
        trial.hostile += count
