"""What becomes of each answer on a line while bus faults hold. No I/O."""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

from ..faults.bus import BusFault, Framing, Piece, disturbed

Answer = Callable[[bytes, Framing], list[Piece]]
"""answer(message, framing): what a line carries when a device answers `message`."""


class Interference:
    """Disturbs the answers of an island's devices.

    Attributes:
        active: the faults that hold now; may be set at any time.
        hits: how many answers each fault has disturbed.
    """

    def __init__(self, seed: int) -> None:
        """`seed`: which share of the answers is hit, and the bytes of junk."""
        self._chance = Random(f"{seed} bus")  # noqa: S311 - to be repeated, not to be secret
        self.active: tuple[BusFault, ...] = ()
        self.hits: Counter[BusFault] = Counter()

    def on_line(self, meters: Mapping[int, str]) -> Answer:
        """For a line on which the meters' devices have these unit ids."""

        def answer(message: bytes, framing: Framing) -> list[Piece]:
            return self._answer(meters.get(message[0], ""), message, framing)

        return answer

    def _answer(self, meter: str, message: bytes, framing: Framing) -> list[Piece]:
        for fault in self.active:
            if fault.hits(meter) and self._chance.random() < fault.share:
                self.hits[fault] += 1
                return disturbed(fault.kind, message, framing, fault.delay_s, self._chance)
        return [Piece(framing.frame(message))]
