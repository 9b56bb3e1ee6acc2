"""The traffic of a scan as JSON lines, for people and for a rig that answers the same again.

The first line says what was recorded, each further one is an exchange:

    {"frames": 1, "bus": "/dev/ttyUSB0", "kind": "rtu"}
    {"t": 0.512, "line": "9600 8N1", "sent": "01030000000185db", "heard": "0183020131", "end": "refused", "took": 0.019}

`frames` is the format's version; `kind` is "rtu" or "tcp" and says how the bytes are framed. `t` is seconds since the start,
when the request left; `line` is the setting, "" over TCP; `sent` and `heard` are bytes in hexadecimal, checksums and
headers included, `heard` is "" for silence; `took` is how many seconds passed until the answer was whole or given up.
A resumed scan appends.
"""

import json
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from ..errors import BenchError
from .question import Heard, Question

VERSION = 1


class FrameLog:
    """A log file, open for appending. BenchError if it cannot be written."""

    def __init__(self, path: Path, bus: str, kind: str) -> None:
        self._begun = monotonic()
        try:
            self._file = path.open("a", encoding="ascii")
        except OSError as error:
            raise BenchError(f"{path}: {error.strerror}. Name a file that can be written") from None
        if not self._file.tell():
            self._write({"frames": VERSION, "bus": bus, "kind": kind})

    def exchange(self, question: Question, sent: bytes, heard: bytes, meaning: Heard, took_s: float) -> None:
        """One exchange, which has just ended."""
        t = monotonic() - self._begun - took_s
        line = "" if question.setting is None else str(question.setting)
        frames = {"sent": sent.hex(), "heard": heard.hex()}
        self._write({"t": round(t, 4), "line": line} | frames | {"end": meaning.end, "took": round(took_s, 4)})

    def _write(self, entry: dict[str, object]) -> None:
        self._file.write(json.dumps(entry) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()
