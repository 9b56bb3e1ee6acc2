"""Judges a recorded history by a scenario's verdicts: its own, or others."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..history import Ending, Recording
from ..scenario import parse
from .finding import Finding, Word, worst
from .rules import Rule


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule found, series by series."""

    title: str
    findings: dict[str, Finding]

    @property
    def word(self) -> Word:
        """The worst of all."""
        return worst(finding.word for finding in self.findings.values())


@dataclass(frozen=True, slots=True)
class Judgement:
    """All verdicts on one run."""

    recording: Recording
    verdicts: tuple[Verdict, ...]

    @property
    def word(self) -> Word:
        """The worst of all; at best unknown for a run that did not finish."""
        word = worst(verdict.word for verdict in self.verdicts)
        return word if self.recording.finished or word is Word.FAIL else Word.UNKNOWN

    @property
    def aborted(self) -> bool:
        """Whether somebody stopped it."""
        end = self.recording.end
        return end is not None and end.ending is Ending.ABORTED

    @property
    def why(self) -> str | None:
        """Why the run did not finish, if it did not."""
        if self.recording.finished:
            return None
        end = self.recording.end
        return f"{end.ending}: {end.error}" if end is not None else "killed: the history has no end"


def judge(recording: Recording, rules: Sequence[Rule]) -> Judgement:
    """Judge by `rules`."""
    return Judgement(recording, tuple(Verdict(rule.title, rule.findings(recording)) for rule in rules))


def judge_by_its_own(recording: Recording) -> Judgement:
    """Judge by the scenario that the history records. ScenarioError if that is none any more."""
    return judge(recording, parse(recording.head.scenario, recording.head.name).verdict)
