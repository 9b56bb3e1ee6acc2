"""The verdicts that a scenario asks for, as its `[[verdict]]` tables say them."""

from abc import abstractmethod
from collections import defaultdict
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, model_validator

from ..history import Recording
from ..table import Table
from .finding import Finding, Word
from .shapes import Point, eventually, is_conserved, is_constant, is_step, within


class Rule(Table):
    """What is expected from `from_s` on until `to_s` (seconds of running; without it until the very end)."""

    title: Annotated[str, Field(min_length=1)]
    from_s: float = float("-inf")
    to_s: float | None = None

    @abstractmethod
    def findings(self, recording: Recording) -> dict[str, Finding]:
        """What it finds, by series."""

    def _points(self, recording: Recording, series: str) -> list[Point]:
        end = float("inf") if self.to_s is None else self.to_s
        return [point for point in recording.series[series] if self.from_s <= point[0] <= end]

    def _whole(self, recording: Recording) -> bool:
        return recording.finished if self.to_s is None else recording.finished or recording.last_t >= self.to_s


class SeriesRule(Rule):
    """What is expected of each series that the pattern `series` names (`*` and `?` as in file names)."""

    series: Annotated[str, Field(min_length=1)]

    def findings(self, recording: Recording) -> dict[str, Finding]:
        """What it finds, by series."""
        names = [name for name in recording.series if fnmatchcase(name, self.series)]
        if not names:
            return {self.series: Finding(Word.UNKNOWN, "no such series was recorded")}
        whole = self._whole(recording)
        return {name: self._judge(self._points(recording, name), whole) for name in names}

    @abstractmethod
    def _judge(self, points: list[Point], whole: bool) -> Finding:
        """What it finds in one series."""


class Constant(SeriesRule):
    """See shapes.is_constant."""

    shape: Literal["is_constant"]
    tolerance: NonNegativeFloat = 0.0

    def _judge(self, points: list[Point], whole: bool) -> Finding:
        return is_constant(points, self.tolerance, whole)


class Step(SeriesRule):
    """See shapes.is_step."""

    shape: Literal["is_step"]
    by: float
    tolerance: NonNegativeFloat = 0.0
    within_s: NonNegativeFloat = 0.0

    def _judge(self, points: list[Point], whole: bool) -> Finding:
        return is_step(points, self.by, self.tolerance, self.within_s, whole)


class Limits(SeriesRule):
    """At least one of `low` and `high` is given."""

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("say low, high or both")
        return self


class Within(Limits):
    """See shapes.within."""

    shape: Literal["within"]

    def _judge(self, points: list[Point], whole: bool) -> Finding:
        return within(points, self.low, self.high, whole)


class Eventually(Limits):
    """See shapes.eventually."""

    shape: Literal["eventually"]

    def _judge(self, points: list[Point], whole: bool) -> Finding:
        return eventually(points, self.low, self.high, whole)


class Conservation(Rule):
    """At every moment all series that `plus` names add up to the same as those that `minus` names.

    A series counts once: a pattern under `minus` leaves out what `plus` has taken. Moments at which not all of them were
    recorded do not count.
    """

    shape: Literal["conservation"]
    plus: Annotated[list[str], Field(min_length=1)]
    minus: Annotated[list[str], Field(min_length=1)]
    tolerance: NonNegativeFloat = 0.0

    def findings(self, recording: Recording) -> dict[str, Finding]:
        """What it finds, under the sum's own name."""
        plus = _named(recording, self.plus)
        minus = _named(recording, self.minus) - plus
        name = f"{' + '.join(self.plus)} = {' + '.join(self.minus)}"
        if not plus or not minus:
            return {name: Finding(Word.UNKNOWN, "no such series was recorded")}
        sums: defaultdict[float, list[float]] = defaultdict(list)
        for series in plus | minus:
            for t, value in self._points(recording, series):
                sums[t].append(value if series in plus else -value)
        complete = [(t, sum(terms)) for t, terms in sorted(sums.items()) if len(terms) == len(plus | minus)]
        return {name: is_conserved(complete, self.tolerance, self._whole(recording))}


class InOrder(Rule):
    """The reckoning after the run: nothing lost, nothing counted twice, nothing owed, every posting balanced, ledger verified.

    It is the bench's own (`bench/audit.py`): plant, flashes and ledger compared.
    """

    title: Annotated[str, Field(min_length=1)] = "plant, flashes and ledger agree"
    shape: Literal["in_order"]

    def findings(self, recording: Recording) -> dict[str, Finding]:
        """What it finds, under the name `reckoning`."""
        faults = [event.details["faults"] for event in recording.events if event.what == "reckoning"]
        if not faults:
            return {"reckoning": Finding(Word.UNKNOWN, "the run did not come to its reckoning")}
        if faults[-1]:
            return {"reckoning": Finding(Word.FAIL, "; ".join(faults[-1]))}
        return {"reckoning": Finding(Word.PASS, "nothing lost, nothing counted twice, every posting balanced, ledger verified")}


def _named(recording: Recording, patterns: list[str]) -> set[str]:
    return {name for name in recording.series for pattern in patterns if fnmatchcase(name, pattern)}


AnyRule = Annotated[Constant | Step | Within | Eventually | Conservation | InOrder, Field(discriminator="shape")]
