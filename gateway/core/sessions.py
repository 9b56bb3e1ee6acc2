"""Sessions of the dashboard: a browser shows a random name instead of the key, which it then need not remember.

They live in memory: a gateway that starts again has everybody log in again. A session ends with its key.
"""

import hashlib
from collections import OrderedDict

LIFE_S = 12 * 3600
_MOST = 1000


class Sessions:
    """Who has logged in. Times are Unix seconds."""

    def __init__(self) -> None:
        self._open: OrderedDict[bytes, tuple[str, int]] = OrderedDict()

    def begin(self, cookie: str, digest: str, now: int) -> None:
        """Whoever shows ``cookie``, at least 128 random bits, has the key of this ``digest`` for LIFE_S."""
        self._open[_hidden(cookie)] = digest, now + LIFE_S
        while len(self._open) > _MOST:
            self._open.popitem(last=False)

    def key_of(self, cookie: str, now: int) -> str | None:
        """Digest of the key with which the session began; None if there is none or it is over."""
        digest, end = self._open.get(_hidden(cookie), (None, 0))
        return digest if now < end else None

    def end(self, cookie: str) -> None:
        """Log out."""
        self._open.pop(_hidden(cookie), None)


def _hidden(cookie: str) -> bytes:
    """What finds the session: looking up a digest takes no longer the closer a guess is."""
    return hashlib.sha256(cookie.encode()).digest()
