"""What was done at the bench: a TinyDB file on the laptop, which people can read and which needs no network.

A job is one step on one subject (a port, a board). One that has not ended holds in `state` what the next run goes on from.
"""

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tinydb import TinyDB, where
from tinydb.table import Document

from .errors import BenchError


@dataclass(frozen=True, slots=True)
class Job:
    """One step on one subject. Times are ISO 8601 in UTC; `ended` is "" while it can be resumed."""

    step: str
    subject: str
    began: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    ended: str = ""
    result: str = ""
    state: Mapping[str, Any] = field(default_factory=dict)

    def finished(self, result: str, now: datetime) -> "Job":
        """The job, done, with its result in words."""
        return replace(self, ended=stamp(now), result=result, state={})

    def stopped(self, why: str, state: Mapping[str, Any]) -> "Job":
        """The job, to be resumed from this state."""
        return replace(self, result=why, state=state)


def stamp(moment: datetime) -> str:
    """A moment as it is written in the log."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def place() -> Path:
    """Where this user's jobs are (XDG Base Directory Specification, user state)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "skerry" / "jobs.json"


class JobLog:
    """A log file. BenchError if it is damaged or cannot be written."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = TinyDB(path, indent=1)
            self._file.all()
        except (OSError, json.JSONDecodeError) as error:
            raise BenchError(f"{path}: {error}. Move it away; the next job begins a new one") from None

    def keep(self, job: Job) -> None:
        """Write the job as it is now."""
        self._file.upsert(asdict(job), where("id") == job.id)

    def unfinished(self, step: str, subject: str) -> Job | None:
        """The newest job of this kind that has not ended."""
        found: list[Document] = self._file.search(
            (where("step") == step) & (where("subject") == subject) & (where("ended") == "")
        )
        return Job(**max(found, key=lambda job: job["began"])) if found else None
