"""Dividing whole numbers so that the parts add up to the whole."""

from collections.abc import Sequence


def shares(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` divided in proportion to ``weights`` (>= 0), by largest remainder; earlier positions win ties.

    The parts sum to ``total`` exactly, or to 0 if all weights are 0.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    rest = total - sum(parts)
    order = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in order[:rest]:
        parts[at] += 1
    return parts


def spread(total: int, span: int, start: int, end: int) -> int:
    """The part of ``total``, spread evenly over ``span`` seconds, that falls between seconds ``start`` and ``end`` of it.

    Adjoining pieces sum exactly: each is a difference of floors.
    """
    return total * end // span - total * start // span
