"""The record of one run: JSON lines, only ever appended to, that can be judged again later.

The first line says what was run and how to run it again, the last how it ended. In between are samples (values at one moment)
and events (what the rig did). A record without a last line is that of a run that was killed; it can be judged all the same.
Times are seconds of running: 0 is when the plant began to move.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TextIO

from pydantic import Field, TypeAdapter, ValidationError

from .table import Table

VERSION: Literal[1] = 1


class HistoryError(Exception):
    """A file is no history, or one of another version. The message names file and line."""


class Ending(StrEnum):
    """Finished: all that was planned was done, whatever the verdict. Failed: an error ended it. Aborted: somebody did."""

    FINISHED = "finished"
    FAILED = "failed"
    ABORTED = "aborted"


class Head(Table):
    """What was run.

    `scenario` is the whole TOML text, `began` Unix seconds, `command` repeats the run.
    """

    line: Literal["head"] = "head"
    version: Literal[1] = VERSION
    name: str
    scenario: str
    seed: int
    target: str
    command: str
    began: float


class Sample(Table):
    """Values at one moment, by name of the series."""

    line: Literal["sample"] = "sample"
    t: float
    values: dict[str, float]


class Event(Table):
    """What the rig did or heard. `what` is one of its words (`fault begins`, `fault ends`, `transition`, ...)."""

    line: Literal["event"] = "event"
    t: float
    what: str
    details: dict[str, Any] = Field(default_factory=dict)


class End(Table):
    """How it ended.

    `error` is the first one, `simulated_s` the seconds of the island's day that were simulated in `wall_s` seconds.
    """

    line: Literal["end"] = "end"
    t: float
    ending: Ending
    error: str | None
    simulated_s: float
    wall_s: float

    @property
    def ratio(self) -> float:
        """How many seconds of the day truly passed in one of the wall's, start and end of the run included."""
        return self.simulated_s / self.wall_s if self.wall_s > 0 else 0.0


Line = Annotated[Head | Sample | Event | End, Field(discriminator="line")]
_LINE: TypeAdapter[Head | Sample | Event | End] = TypeAdapter(Line)


class History:
    """A history that is being written. Each line is in the file when its call returns."""

    def __init__(self, path: Path, head: Head) -> None:
        """Begin a new file. FileExistsError if there is one: a history is never written over."""
        self._file: TextIO = path.open("x", encoding="utf-8")
        self.path = path
        self._write(head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def sample(self, t: float, values: Mapping[str, float]) -> None:
        """Values at `t`."""
        self._write(Sample(t=t, values=dict(values)))

    def event(self, t: float, what: str, /, **details: object) -> None:
        """Something happened at `t`."""
        self._write(Event(t=t, what=what, details=details))

    def end(self, end: End) -> None:
        """The last line."""
        self._write(end)

    def _write(self, line: Table) -> None:
        self._file.write(line.model_dump_json() + "\n")
        self._file.flush()


class Recording:
    """A history that was read back.

    Attributes:
        head: what was run.
        series: points (t, value) by name, in the order of the record.
        events: what happened.
        end: None if the run was killed.
    """

    def __init__(self, head: Head) -> None:
        self.head = head
        self.series: dict[str, list[tuple[float, float]]] = {}
        self.events: list[Event] = []
        self.end: End | None = None
        self.last_t = float("-inf")

    @property
    def finished(self) -> bool:
        """Whether all that was planned was done."""
        return self.end is not None and self.end.ending is Ending.FINISHED

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            HistoryError: it is no history, or something follows its end.
            OSError: it cannot be read.
        """
        # a run that was killed leaves half a line
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        recording = None
        for number, text in enumerate(lines, start=1):
            try:
                line = _LINE.validate_json(text)
            except ValidationError as error:
                raise HistoryError(f"{path}:{number}: this is no line of a history: {error.errors()[0]['msg']}") from None
            if isinstance(line, Head) != (number == 1) or (recording is not None and recording.end is not None):
                raise HistoryError(f"{path}:{number}: a {line.line} line does not belong here")
            if isinstance(line, Head):
                recording = cls(line)
            elif recording is not None:
                recording._take(line)
        if recording is None:
            raise HistoryError(f"{path}: it is empty, so the run ended before it began")
        return recording

    def _take(self, line: Sample | Event | End) -> None:
        self.last_t = max(self.last_t, line.t)
        if isinstance(line, Sample):
            for name, value in line.values.items():
                self.series.setdefault(name, []).append((line.t, value))
        elif isinstance(line, Event):
            self.events.append(line)
        else:
            self.end = line
