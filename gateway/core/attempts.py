"""Wrong keys, counted by where they come from: a token bucket an address. Who is over its limit is told so, and not logged.

It guards the log and the processor. Guessing needs no limit, 160 bits are enough; so a right key is let in however many
wrong ones came from the same address, for behind one address there may be a whole house.
"""

from collections import OrderedDict

BURST = 10
AGAIN_S = 6
"""Seconds for which one attempt more is granted."""
_MOST_ADDRESSES = 1000


class Attempts:
    """The failed attempts of late. Time is any clock's seconds."""

    def __init__(self) -> None:
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def fail(self, address: str, now: float) -> int:
        """Count a wrong key from ``address``: 0 while it is within its limit, else after how many seconds it may try again."""
        full_at = max(now, self._full_at.pop(address, now)) + AGAIN_S
        excess = full_at - now - BURST * AGAIN_S
        self._full_at[address] = full_at if excess <= 0 else full_at - AGAIN_S
        while len(self._full_at) > _MOST_ADDRESSES:
            self._full_at.popitem(last=False)
        return 0 if excess <= 0 else int(excess) + 1
