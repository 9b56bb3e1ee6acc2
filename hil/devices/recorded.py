"""A real device, recorded over its bus, and the device that shows the same registers again.

A recording is JSON lines: the first says how the device was read, `{"function": 3, "first": 40000, "count": 120}`, each other
what it showed, `{"t": 0.512, "registers": [...]}`, in seconds since the recording began.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, TextIO

from pydantic import Field, ValidationError

from ..table import Table

Register = Annotated[int, Field(ge=0, le=0xFFFF)]


class RecordingError(Exception):
    """A file is no recording of a device. The message names file and line."""


class Block(Table):
    """How a device was read: function 3 or 4, address of the first register, and how many."""

    function: Literal[3, 4]
    first: Annotated[int, Field(ge=0, le=0xFFFF)]
    count: Annotated[int, Field(ge=1, le=0x10000)]


class Shown(Table):
    """What it showed at `t`."""

    t: Annotated[float, Field(ge=0)]
    registers: list[Register]


class Recorder:
    """Writes a recording."""

    def __init__(self, file: TextIO, block: Block) -> None:
        """`file` is new."""
        self._file = file
        self._write(block)

    def show(self, t: float, registers: Sequence[int]) -> None:
        """The device showed this at `t`."""
        self._write(Shown(t=round(t, 3), registers=list(registers)))

    def _write(self, line: Table) -> None:
        self._file.write(line.model_dump_json() + "\n")
        self._file.flush()


class RecordedDevice:
    """Shows again what was recorded. It stands at its last registers when the recording is over."""

    def __init__(self, block: Block, shown: Sequence[Shown]) -> None:
        self.block = block
        self._shown = shown
        self._times = [one.t for one in shown]

    @classmethod
    def read(cls, path: Path) -> "RecordedDevice":
        """A recording's device. RecordingError, or OSError."""
        lines = path.read_text(encoding="utf-8").splitlines()
        try:
            block = Block.model_validate_json(lines[0])
        except (IndexError, ValidationError):
            raise RecordingError(f"{path}:1: this is not how a device was read: record it with `skerry hil record`") from None
        shown = []
        for number, line in enumerate(lines[1:], start=2):
            try:
                shown.append(Shown.model_validate_json(line))
            except ValidationError as error:
                raise RecordingError(f"{path}:{number}: {error.errors()[0]['msg']}") from None
            if len(shown[-1].registers) != block.count:
                raise RecordingError(f"{path}:{number}: {len(shown[-1].registers)} registers, not {block.count}")
        if not shown or any(after.t < before.t for before, after in pairwise(shown)):
            raise RecordingError(f"{path}: it shows nothing, or its times go backwards")
        return cls(block, shown)

    def image(self, t: float) -> list[int]:
        """Every register as it was `t` seconds after the recording began."""
        return self._shown[max(0, bisect_right(self._times, t) - 1)].registers
