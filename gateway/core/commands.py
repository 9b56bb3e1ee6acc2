"""Commands to meters: numbered, so that a meter can tell a new one from a recording, and signed."""

from firmware.wire import command
from firmware.wire.signer import Signer

_MICROSECONDS = 1_000_000


class CommandDesk:
    """Issues one site's commands. Numbers come from the clock, or go on where they were if that is behind.

    Attributes:
        newest: the highest number that may have been used. It is the caller's to keep and to set again after a restart.
    """

    def __init__(self, signer: Signer, site: str) -> None:
        self._signer = signer
        self._site = site
        self.newest = 0

    def issue(self, meter: str, kind: int, arguments: object, now: int, expires: int | None = None) -> bytes:
        """A signed command for ``meter``, to be sent in the order in which they are issued.

        Args:
            kind, arguments: see wire.command.
            now, expires: Unix seconds; None for a command that is never too late, like a top-up.
        Raises:
            WireError: the arguments are wrong.
        """
        number = max(self.newest + 1, now * _MICROSECONDS)
        data = command.issue(self._signer, self._site, meter, number, kind, arguments, now, expires)
        self.newest = number
        return data
