"""What does not work at the moment: said when it begins, every minute while it lasts, and when it is over."""

import time

import structlog

_log = structlog.get_logger()
_AGAIN_S = 60.0


class Trouble:
    """One thing that somebody tries again and again. All calls come from one thread."""

    def __init__(self, what: str, over: str) -> None:
        """``what`` the log says of it, as an error, and ``over`` once it works again."""
        self._what = what
        self._over = over
        self._reason = ""
        self._told = 0.0

    def goes_on(self, error: object) -> None:
        """It did not work, once more."""
        reason, now = str(error), time.monotonic()
        if reason != self._reason or now >= self._told + _AGAIN_S:
            _log.error(self._what, error=reason)
            self._reason, self._told = reason, now

    def ends(self) -> None:
        """It worked."""
        if self._reason:
            _log.info(self._over)
            self._reason = ""
