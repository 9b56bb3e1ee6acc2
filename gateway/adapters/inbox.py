"""A directory as an inbox: what is dropped there is taken once and moved to ``done``, or to ``refused`` with the reason."""

from collections.abc import Iterator
from pathlib import Path

from . import files

MAX_SIZE = 4096


class Inbox:
    """Files with one suffix in one directory. Whatever a crash leaves is taken again: the ledger knows it already."""

    def __init__(self, directory: Path, suffix: str) -> None:
        self._directory = directory
        self._suffix = suffix
        directory.mkdir(exist_ok=True)

    def drop(self, name: str, data: bytes) -> Path:
        """Leave ``data`` under ``name`` (without suffix)."""
        path = self._directory / f"{name}{self._suffix}"
        files.write(path, data)
        return path

    def waiting(self) -> Iterator[tuple[Path, bytes]]:
        """Path and content of what waits, by name; more than MAX_SIZE bytes are cut off just above, and so will be refused."""
        for path in sorted(self._directory.glob(f"[!.]*{self._suffix}")):
            with path.open("rb") as file:
                yield path, file.read(MAX_SIZE + 1)

    def done(self, path: Path) -> None:
        """It is on the ledger."""
        files.move(path, self._directory / "done")

    def refuse(self, path: Path, reason: str) -> None:
        """It never will be."""
        directory = self._directory / "refused"
        directory.mkdir(exist_ok=True)
        files.write(directory / f"{path.name}.reason", f"{reason}\n".encode())
        files.move(path, directory)
