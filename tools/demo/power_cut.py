"""A plan of power cuts: who loses power when follows from the seed. Keeping it is the bench's."""

import random
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import cycle

from hil.faults.power import BROKER, GATEWAY, Cut

_CENTRE_GAP_S = (7.0, 11.0)
_METER_GAP_S = (3.0, 7.0)
_DOWN_S = (1.0, 6.0)
_MOST_AT_ONCE = 3


def plan(seed: int, begin_s: float, end_s: float, meters: Sequence[str]) -> list[Cut]:
    """The cuts between ``begin_s`` and ``end_s``, by time. Nobody is cut off again while still dead."""
    centre = _centre(random.Random(f"{seed} centre"), begin_s, end_s)  # noqa: S311 - to be repeated, not to be secret
    islanders = _meters(random.Random(f"{seed} meters"), begin_s, end_s, meters)  # noqa: S311
    return list(merge(centre, islanders))


def _centre(chance: random.Random, begin_s: float, end_s: float) -> Iterator[Cut]:
    victims = [GATEWAY, BROKER]
    chance.shuffle(victims)
    at = begin_s
    for victim in cycle(victims):
        if at > end_s:
            return
        yield Cut(at, victim, chance.uniform(*_DOWN_S) if victim == GATEWAY else 0.0)
        at += chance.uniform(*_CENTRE_GAP_S)


def _meters(chance: random.Random, begin_s: float, end_s: float, meters: Sequence[str]) -> Iterator[Cut]:
    back: dict[str, float] = {}
    at = begin_s + chance.uniform(0, _METER_GAP_S[0])
    while at <= end_s:
        awake = [meter for meter in meters if back.get(meter, 0.0) < at]
        for meter in sorted(chance.sample(awake, min(len(awake), chance.randint(1, _MOST_AT_ONCE)))):
            down = chance.uniform(*_DOWN_S)
            # it takes a moment to be alive again
            back[meter] = at + down + 1
            yield Cut(at, meter, down)
        at += chance.uniform(*_METER_GAP_S)
