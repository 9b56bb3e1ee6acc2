"""A site's papers: all of its files but the ledger, what can be made anew, and what is true only while the gateway runs."""

from collections.abc import Iterator
from pathlib import Path

from blockchain_iface.engines.embedded import FILE as LEDGER

from . import files

RESTORED = "restored.json"
"""Says that this site came from a copy whose age nobody knows yet."""
_MOMENTARY = {"gateway.json", "log", RESTORED}
_ELSEWHERE = {"broker", "cometbft"}
_OTHER_STORES = (LEDGER, "outbox.sqlite")


def papers(root: Path) -> Iterator[Path]:
    """The papers of the site in ``root``, as paths within it. What is just being written is not among them."""
    for path in root.rglob("*"):
        within = path.relative_to(root)
        if _is_paper(within) and path.is_file():
            yield within


def _is_paper(within: Path) -> bool:
    first = within.parts[0]
    return not (
        first in _MOMENTARY
        or first in _ELSEWHERE
        or first.startswith(_OTHER_STORES)
        or within.name.startswith(".")
        or within.suffix == ".lock"
    )


class Copies:
    """The papers of one site, kept in a second directory, too."""

    def __init__(self, root: Path, target: Path) -> None:
        self._root = root
        self._target = target
        self._copied: dict[Path, tuple[int, int, int]] = {}

    def refresh(self) -> None:
        """Copy what has changed, and remove what has gone. OSError: some of it could not be; try again."""
        current = {path: files.version(self._root / path) for path in papers(self._root)}
        if not self._copied:
            self._copied = dict.fromkeys(papers(self._target), (0, 0, 0))
        for path, version in current.items():
            if self._copied.get(path) != version:
                self._copy(path)
                self._copied[path] = version
        for path in self._copied.keys() - current.keys():
            (self._target / path).unlink(missing_ok=True)
            del self._copied[path]

    def _copy(self, path: Path) -> None:
        try:
            data = (self._root / path).read_bytes()
        except FileNotFoundError:
            return  # it was moved on in the meantime
        target = self._target / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write(target, data, 0o600)
