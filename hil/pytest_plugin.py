"""Runs scenarios as pytest tests: `pytest -p hil.pytest_plugin hil/scenarios/calm-day.toml`.

A scenario is a test, which passes if its judgement does; `--hil-out DIR` keeps the runs.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .history import Recording
from .report.text import lines
from .runner.launch import launch
from .runner.play import Job
from .scenario import SUFFIX
from .verdict.finding import Word
from .verdict.judge import Judgement, judge_by_its_own


class Unproved(Exception):
    """The judgement on a run is not pass."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__("\n".join(lines(judgement)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--hil-out`."""
    parser.addoption("--hil-out", type=Path, default=None, help="where the rig keeps its runs")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario that is named on the command line, or lies in a folder `scenarios`."""
    named = file_path in [Path(argument).resolve() for argument in parent.config.args]
    if file_path.suffix == SUFFIX and (named or file_path.parent.name == "scenarios"):
        collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
        return collector
    return None


class ScenarioFile(pytest.File):
    """A scenario's file: one test."""

    def collect(self) -> Iterator["ScenarioItem"]:
        """The test."""
        yield ScenarioItem.from_parent(self, name=self.path.stem)


class ScenarioItem(pytest.Item):
    """A scenario that is run and judged."""

    def runtest(self) -> None:
        """Raises Unproved unless it passes."""
        kept: Path | None = self.config.getoption("--hil-out")
        out = kept or Path(self.config._tmp_path_factory.mktemp("hil"))  # type: ignore[attr-defined]
        judgement = judge_by_its_own(Recording.read(launch(Job(self.path, None, out / self.name), lambda _line: None)))
        if judgement.word is not Word.PASS:
            raise Unproved(judgement)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The judgement's own lines, and no trace through the rig."""
        return str(excinfo.value) if isinstance(excinfo.value, Unproved) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        return self.path, 0, self.name
