"""Plays a scenario in a process of its own, so that nothing of it outlives it, and follows its history."""

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..bench.journal import Tail
from ..bench.processes import ROOT, Child, Failed
from ..scenario import load
from .play import HISTORY, Job

_POLL_S = 0.1
_LAST_WORDS_S = 60.0

Heard = Callable[[dict[str, Any]], None]
"""heard(line): a new line of the history."""


def launch(job: Job, heard: Heard) -> Path:
    """Run a scenario to its end and return its history. KeyboardInterrupt aborts the run, and only the run.

    Raises:
        ScenarioError: the scenario is wrong.
        Failed: there is no history: its directory is there already, or the runner could not even begin.
    """
    load(job.path)
    if job.out.exists():
        raise Failed(f"{job.out} is there already: a run is never written over. Name another directory")
    job.out.parent.mkdir(parents=True, exist_ok=True)
    child = Child("runner", _command(job), job.out.with_suffix(".log"), ROOT)
    child.start()
    tail = Tail(job.out / HISTORY)
    try:
        while child.pid is not None:
            _follow(tail, heard)
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        child.send(signal.SIGINT)
        child.wait(_LAST_WORDS_S)
    finally:
        child.kill()
    _follow(tail, heard)
    if not (job.out / HISTORY).exists():
        raise Failed(f"the runner ended before it began. Read {child.log}")
    return job.out / HISTORY


def _command(job: Job) -> list[str]:
    seed = [] if job.seed is None else ["--seed", str(job.seed)]
    return [sys.executable, "-m", "hil", "play", str(job.path), "--out", str(job.out), *seed]


def _follow(tail: Tail, heard: Heard) -> None:
    for line in tail.news().splitlines():
        heard(json.loads(line))
