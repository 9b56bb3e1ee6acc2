"""What a soak saw, and how it judges the heap."""

from dataclasses import dataclass

CYCLE = 150  # certificates between two outages of a kind
WARM_UP = 0.25  # of all samples: by then the longest outage is over and every buffer has had its largest content


@dataclass(frozen=True)
class Course:
    """What was seen.

    Attributes:
        certificates: received, in one chain without holes, each answered with a receipt.
        given_up: for lack of room, each told by a signed event, because a busy computer made the longest outage longer.
        outages: gone through.
        debt: the most certificates that waited for their receipts.
        days: how long the meter lived, by its own clock.
        heap: bytes of live objects, sampled all along.
    """

    certificates: int
    given_up: int
    outages: int
    debt: int
    days: float
    heap: list[int]

    @property
    def peak(self) -> int:
        """The most live bytes."""
        return max(self.heap)

    @property
    def growth(self) -> float:
        """By how many bytes the calmest moments of the cycles rise in 1,000 certificates, by least squares, once it is warm.

        Calm moments, because objects in use come and go; what is never given back raises the calmest moments too.
        """
        samples = self.heap[int(WARM_UP * len(self.heap)) :]
        span = max(1, len(self.heap) * CYCLE // self.certificates)
        calm = [min(samples[start : start + span]) for start in range(0, len(samples) - span + 1, span)]
        return slope(calm) * 1000 / CYCLE


def slope(values: list[int]) -> float:
    """Of the straight line through equidistant values that has the least squares. ValueError for less than two values."""
    if len(values) < 2:
        raise ValueError("a line needs two points")
    middle = (len(values) - 1) / 2
    spread = sum((index - middle) ** 2 for index in range(len(values)))
    return sum((index - middle) * value for index, value in enumerate(values)) / spread
