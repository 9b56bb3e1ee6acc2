"""Commands to meters: numbered, so that a meter can tell a new one from a recording, and signed."""

from firmware.wire import command
from firmware.wire.signer import Signer

_MICROSECONDS = 1_000_000


class CommandDesk:
    """Issues one site's commands. Numbers come from the clock, so that they rise across restarts without being kept."""

    def __init__(self, signer: Signer, site: str) -> None:
        self._signer = signer
        self._site = site
        self._last = 0

    def issue(self, meter: str, kind: int, arguments: object, now: int, expires: int | None = None) -> bytes:
        """A signed command for ``meter``, to be sent in the order in which they are issued.

        Args:
            kind, arguments: see wire.command.
            now, expires: Unix seconds; None for a command that is never too late, like a top-up.
        Raises:
            WireError: the arguments are wrong.
        """
        number = max(self._last + 1, now * _MICROSECONDS)
        data = command.issue(self._signer, self._site, meter, number, kind, arguments, now, expires)
        self._last = number
        return data
