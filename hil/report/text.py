"""A judgement as lines for a terminal: only what does not pass is told in full."""

from collections.abc import Iterator

from ..verdict.finding import Word
from ..verdict.judge import Judgement


def lines(judgement: Judgement) -> Iterator[str]:
    """The word, a line a verdict, and below one that does not pass the evidence of each series that does not."""
    head, end = judgement.recording.head, judgement.recording.end
    ran = "" if end is None else f"  {end.simulated_s:.0f} s in {end.wall_s:.0f} s, {end.ratio:.1f} times as fast"
    yield f"{judgement.word:<8}{head.name}{ran}"
    if judgement.why is not None:
        yield f"  {judgement.why}"
    for verdict in judgement.verdicts:
        yield f"  {verdict.word:<8}{verdict.title}"
        for series, finding in verdict.findings.items():
            if finding.word is not Word.PASS:
                yield f"          {series}: {finding.evidence}"
    if judgement.word is not Word.PASS:
        yield f"  again: {head.command}"
