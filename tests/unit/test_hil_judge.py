"""A judgement on a whole run, and how it is told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil.cli import app
from hil.history import End, Ending, Head, History, Recording
from hil.report.text import lines
from hil.scenario import parse
from hil.verdict.finding import Word
from hil.verdict.judge import Judgement, judge, judge_by_its_own

SCENARIO = """\
title = "t"
[island]
seconds = 2
[[verdict]]
title = "w stays low"
shape = "within"
series = "*.w"
high = 5
[[verdict]]
shape = "in_order"
"""
HEAD = Head(name="calm", scenario=SCENARIO, seed=1, target="unix", command="skerry hil run calm --seed 1", began=0)


def run(folder: Path, w: float, ending: Ending | None = Ending.FINISHED, faults: list[str] | None = None) -> Path:
    path = folder / "history.jsonl"
    with History(path, HEAD) as history:
        history.sample(1.0, {"a.w": 1, "b.w": w})
        history.event(2.0, "reckoning", faults=faults or [])
        if ending is not None:
            error = None if ending is Ending.FINISHED else "the broker died"
            history.end(End(t=2.0, ending=ending, error=error, simulated_s=120, wall_s=2))
    return path


def judged(path: Path) -> Judgement:
    return judge_by_its_own(Recording.read(path))


@pytest.mark.parametrize(
    ("w", "ending", "faults", "word"),
    [
        (5, Ending.FINISHED, [], Word.PASS),
        (6, Ending.FINISHED, [], Word.FAIL),
        (5, Ending.FINISHED, ["1 certificates were issued and are not on the ledger"], Word.FAIL),
        (5, Ending.FAILED, [], Word.UNKNOWN),
        (5, Ending.ABORTED, [], Word.UNKNOWN),
        (6, Ending.ABORTED, [], Word.FAIL),
        (5, None, [], Word.UNKNOWN),
    ],
)
def test_a_run_is_as_good_as_its_worst_verdict(
    tmp_path: Path, w: float, ending: Ending | None, faults: list[str], word: Word
) -> None:
    assert judged(run(tmp_path, w, ending, faults)).word is word


def test_only_what_does_not_pass_is_told_in_full(tmp_path: Path) -> None:
    assert list(lines(judged(run(tmp_path, 6)))) == [
        "fail    calm  120 s in 2 s, 60.0 times as fast",
        "  fail    w stays low",
        "          b.w: 6 at 1 s is outside ... to 5",
        "  pass    plant, flashes and ledger agree",
        "  again: skerry hil run calm --seed 1",
    ]


def test_an_aborted_run_says_so(tmp_path: Path) -> None:
    told = list(lines(judged(run(tmp_path, 5, Ending.ABORTED))))
    assert told[:2] == ["unknown calm  120 s in 2 s, 60.0 times as fast", "  aborted: the broker died"]
    (tmp_path / "history.jsonl").unlink()
    assert "  killed: the history has no end" in lines(judged(run(tmp_path, 5, None)))


def test_a_run_that_did_not_finish_never_passes(tmp_path: Path) -> None:
    recording = Recording.read(run(tmp_path, 5, Ending.ABORTED))
    window = parse(SCENARIO.replace("high = 5", "high = 5\nto_s = 1"), "s").verdict[:1]
    judgement = judge(recording, window)
    assert [verdict.word for verdict in judgement.verdicts] == [Word.PASS]
    assert judgement.word is Word.UNKNOWN


def test_without_a_reckoning_it_is_not_known_whether_all_is_in_order(tmp_path: Path) -> None:
    path = run(tmp_path, 5)
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "reckoning" not in line))
    assert judged(path).word is Word.UNKNOWN


@pytest.mark.parametrize(("high", "status"), [(6, 0), (5, 1), (7, 0)])
def test_a_finished_run_is_judged_again_with_other_limits(tmp_path: Path, high: int, status: int) -> None:
    path, limits = run(tmp_path, 6), tmp_path / "limits.toml"
    limits.write_text(SCENARIO.replace("high = 5", f"high = {high}"))
    done = CliRunner().invoke(app, ["judge", str(path), "--scenario", str(limits)])
    assert done.exit_code == status
    assert CliRunner().invoke(app, ["judge", str(path)]).exit_code == 1


def test_what_cannot_be_judged_has_another_status(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["judge", str(tmp_path / "none.jsonl")]).exit_code == 2
    path = run(tmp_path, 5, None)
    assert CliRunner().invoke(app, ["judge", str(path)]).exit_code == 3
    path.write_text(json.dumps({"line": "nothing"}) + "\n")
    done = CliRunner().invoke(app, ["judge", str(path)])
    assert (done.exit_code, "history.jsonl:1: this is no line of a history" in done.output) == (2, True)


def test_the_list_names_every_shipped_scenario() -> None:
    done = CliRunner().invoke(app, ["list"])
    assert done.exit_code == 0
    assert "calm-day                    A calm day on a small island" in done.output
