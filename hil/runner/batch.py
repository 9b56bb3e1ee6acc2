"""Several scenarios one after the other, with a progress bar, and one report on them all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..history import Recording
from ..report import html, junit
from ..report.text import lines
from ..scenario import load
from ..verdict.finding import Word, worst
from ..verdict.judge import Judgement, judge_by_its_own
from .launch import launch
from .play import Job


def run_all(scenarios: Sequence[Path], seed: int | None, out: Path) -> Word:
    """Run and judge all, each in a directory of its own in `out`; the worst word. Ctrl-C aborts the one that runs and the rest.

    Leaves `report.html` and `junit.xml` in `out`.

    Raises:
        ScenarioError: one of them is wrong; none is run then.
        Failed: a run could not even begin.
    """
    for path in scenarios:
        load(path)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    judgements: list[Judgement] = []
    for path in scenarios:
        judgement = _run_one(Job(path, seed, out / path.stem), console)
        judgements.append(judgement)
        console.print("\n".join(lines(judgement)), markup=False)
        # after each, so that a broken batch has its report, too
        (out / "report.html").write_text(html.render(judgements), encoding="utf-8")
        (out / "junit.xml").write_text(junit.render(judgements), encoding="utf-8")
        if judgement.aborted:
            break
    console.print(f"{out / 'report.html'}", markup=False)
    return worst(judgement.word for judgement in judgements)


def _run_one(job: Job, console: Console) -> Judgement:
    scenario, _ = load(job.path)
    columns = (TextColumn("{task.description:<24}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(job.path.stem, total=scenario.island.seconds, at="")

        def heard(line: dict[str, Any]) -> None:
            if line["line"] == "sample":
                progress.update(task, completed=line["t"], at=f"{line['t']:.0f} of {scenario.island.seconds:.0f} s")
            elif line["line"] == "event" and line["what"] == "state":
                progress.update(task, at=line["details"]["state"])

        history = launch(job, heard)
    return judge_by_its_own(Recording.read(history))
