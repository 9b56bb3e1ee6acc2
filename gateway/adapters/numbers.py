"""How far commands are numbered, across restarts: after a clock that was ahead, lower numbers would be replays to meters."""

from pathlib import Path

from . import files

_AHEAD = 3600 * 1_000_000
"""Numbers are microseconds: the file is written once an hour, and a restart leaves out what it promised."""


class Numbers:
    """A file with the number up to which all may have been used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._promised = self.spent()

    def spent(self) -> int:
        """The highest number that may have been used; 0 if there was none. ValueError if the file holds none."""
        try:
            return int(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0

    def keep(self, newest: int) -> None:
        """``newest`` is used now, or will be soon. OSError if that cannot be written."""
        if newest > self._promised - _AHEAD // 2:
            files.write(self._path, str(newest + _AHEAD).encode("ascii"))
            self._promised = newest + _AHEAD
