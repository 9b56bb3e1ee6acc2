"""The rig's journal, plant.jsonl: what really happened, a line a second. And files that grow."""

import json
import os
from pathlib import Path
from typing import Any

_TAIL = 1 << 18
"""Bytes that hold at least one whole line of the largest island."""


class Tail:
    """What was appended to a file since it was last asked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def news(self) -> bytes:
        """The new lines that are written in full; nothing as long as there is no such file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return b""
        self._read += len(whole) + len(newline)
        return whole + newline


def first(path: Path) -> dict[str, Any]:
    """The first record: registers before anything moved."""
    with path.open() as file:
        return dict(json.loads(file.readline()))


def last(path: Path) -> dict[str, Any]:
    """The newest record that is written in full; empty before the first."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        whole = file.read().rpartition(b"\n")[0]
    return dict(json.loads(whole.rpartition(b"\n")[2] or b"{}"))


def energy(path: Path) -> dict[str, int]:
    """Import plus export in Wh of each unit, from the first to the last record.

    The rig waits until every meter has read its opening registers, so the first record shows the meters' openings.
    """
    before, after = first(path)["units"], last(path)["units"]
    registers = ("import_wh", "export_wh")
    return {unit: sum(int(after[unit][register]) - int(before[unit][register]) for register in registers) for unit in after}
