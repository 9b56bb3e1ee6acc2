"""A directory as an inbox: what is dropped there is taken once and moved to ``done``, perhaps with an answer, or to ``refused``
with the reason.
"""

from collections.abc import Iterator
from pathlib import Path

from . import files

MAX_SIZE = 4096


class Inbox:
    """Files with one suffix in one directory. Whatever a crash leaves is taken again: the ledger knows it already."""

    def __init__(self, directory: Path, suffix: str, max_size: int = MAX_SIZE) -> None:
        self._directory = directory
        self._suffix = suffix
        self._max_size = max_size
        self._seen: dict[Path, tuple[int, int, int]] = {}
        directory.mkdir(mode=0o700, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where ``name`` (without suffix) waits."""
        return self._directory / f"{name}{self._suffix}"

    def drop(self, name: str, data: bytes) -> Path:
        """Leave ``data`` under ``name`` (without suffix)."""
        path = self.path(name)
        self._reason(path).unlink(missing_ok=True)
        files.write_secret(path, data)
        return path

    def waiting(self) -> Iterator[tuple[Path, bytes]]:
        """Path and content of what waits, by name; what is too large is cut off just above, and so will be refused."""
        for path in sorted(self._directory.glob(f"[!.]*{self._suffix}")):
            with path.open("rb") as file:
                yield path, file.read(self._max_size + 1)

    def news(self) -> Iterator[tuple[Path, bytes]]:
        """As ``waiting``, but nothing twice that was not replaced since."""
        for path in sorted(self._directory.glob(f"[!.]*{self._suffix}")):
            version = files.version(path)
            if self._seen.get(path) != version:
                with path.open("rb") as file:
                    yield path, file.read(self._max_size + 1)
                # not before: what could not be taken comes again
                self._seen[path] = version

    def done(self, path: Path, answer: bytes | None = None) -> None:
        """It is on the ledger, and this is the answer."""
        if answer is not None:
            self.answer_to(path).parent.mkdir(exist_ok=True)
            files.write(self.answer_to(path), answer)
        files.move(path, self._directory / "done")

    def refuse(self, path: Path, reason: str) -> None:
        """It never will be."""
        self._reason(path).parent.mkdir(exist_ok=True)
        files.write(self._reason(path), f"{reason}\n".encode())
        files.move(path, self._directory / "refused")

    def hold(self, path: Path) -> None:
        """It waits for something else than us."""
        files.move(path, self._directory / "held")

    def held(self, name: str) -> Path:
        """Where ``name`` (without suffix) lies while it is held."""
        return self._directory / "held" / f"{name}{self._suffix}"

    def all_held(self) -> list[Path]:
        """Where whatever is held lies, by name."""
        return sorted(self._directory.glob(f"held/[!.]*{self._suffix}"))

    def is_done(self, name: str) -> bool:
        """Whether ``name`` (without suffix) was taken."""
        return (self._directory / "done" / f"{name}{self._suffix}").exists()

    def answer_to(self, path: Path) -> Path:
        """Where the answer to ``path`` will lie, beside it in ``done``."""
        return self._directory / "done" / f"{path.stem}.answer{self._suffix}"

    def reason(self, path: Path) -> str | None:
        """Why ``path`` was refused; None if it was not."""
        try:
            return self._reason(path).read_text().strip()
        except FileNotFoundError:
            return None

    def _reason(self, path: Path) -> Path:
        return self._directory / "refused" / f"{path.name}.reason"
