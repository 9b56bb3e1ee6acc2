"""Commands under way and how they ended, as files: ``NAME.cbor`` is the signed command, ``done/NAME.json`` its outcome.

The signed bytes are kept before the order is taken from its inbox, so a gateway that was killed sends the same command again
and not a second one.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ..core.view import Outcome
from . import files

_SIGNED = ".cbor"


class Outcomes:
    """One directory of them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._done = directory / "done"
        self._done.mkdir(parents=True, exist_ok=True)

    def begin(self, name: str, data: bytes) -> None:
        """Keep the signed command of order ``name``."""
        files.write(self._directory / f"{name}{_SIGNED}", data)

    def signed(self, name: str) -> bytes | None:
        """The signed command of order ``name``, None if it has not begun or has ended."""
        try:
            return (self._directory / f"{name}{_SIGNED}").read_bytes()
        except FileNotFoundError:
            return None

    def under_way(self) -> Iterator[tuple[str, bytes]]:
        """Name and signed command of what has no outcome, in the order in which they were signed."""
        found = [path for path in self._directory.glob(f"*{_SIGNED}") if not path.name.startswith(".")]
        for path in sorted(found, key=lambda path: path.stat().st_mtime_ns):
            yield path.stem, path.read_bytes()

    def end(self, outcome: Outcome) -> None:
        """The order has this outcome."""
        files.write(self._done / f"{outcome.name}.json", json.dumps(asdict(outcome), indent=2).encode())
        (self._directory / f"{outcome.name}{_SIGNED}").unlink(missing_ok=True)

    def of(self, name: str) -> Outcome | None:
        """How order ``name`` ended, None while it has not."""
        try:
            return Outcome(**json.loads((self._done / f"{name}.json").read_text()))
        except FileNotFoundError:
            return None
