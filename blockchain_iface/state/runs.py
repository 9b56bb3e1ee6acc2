"""Sets of settlement intervals as runs without holes: (first t0, last t0), ascending, never adjoining."""

Runs = tuple[tuple[int, int], ...]


def joined(runs: Runs, first: int, last: int, length: int) -> Runs:
    """``runs`` and all intervals from ``first`` to ``last``, each ``length`` seconds long."""
    if any(low <= first and last <= high for low, high in runs):
        return runs
    apart = [(low, high) for low, high in runs if high + length < first or last + length < low]
    for low, high in {*runs}.difference(apart):
        first, last = min(first, low), max(last, high)
    return tuple(sorted([*apart, (first, last)]))


def without(runs: Runs, t0: int, length: int) -> Runs:
    """``runs`` but the interval at ``t0``."""
    pieces = [piece for first, last in runs for piece in ((first, min(last, t0 - length)), (max(first, t0 + length), last))]
    return tuple((first, last) for first, last in pieces if first <= last)
