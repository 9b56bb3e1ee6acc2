"""The record of a run: written line by line, read back, whatever ended the run."""

from pathlib import Path

import pytest

from hil.history import End, Ending, Event, Head, History, HistoryError, Recording

HEAD = Head(name="calm", scenario="title = 'x'", seed=3, target="unix", command="skerry hil run calm", began=1.5)
END = End(t=12.0, ending=Ending.FINISHED, error=None, simulated_s=60.0, wall_s=6.0)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    with History(tmp_path / "h.jsonl", HEAD) as history:
        history.sample(0.5, {"a.w": 3, "b.w": -4.5})
        history.event(0.75, "fault begins", on="bus", kind="crc")
        history.sample(1.5, {"a.w": 4})
        history.end(END)
    read = Recording.read(tmp_path / "h.jsonl")
    assert (read.head, read.end, read.finished, read.last_t) == (HEAD, END, True, 12.0)
    assert read.series == {"a.w": [(0.5, 3.0), (1.5, 4.0)], "b.w": [(0.5, -4.5)]}
    assert read.events == [Event(t=0.75, what="fault begins", details={"on": "bus", "kind": "crc"})]
    assert END.ratio == 10.0


def test_each_line_is_in_the_file_at_once_and_half_a_line_is_none(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    history = History(path, HEAD)
    history.sample(0.5, {"a.w": 3})
    assert Recording.read(path).series == {"a.w": [(0.5, 3.0)]}
    history.__exit__()
    with path.open("a") as file:
        file.write('{"line": "sample", "t": 1.0, "val')
    torn = Recording.read(path)
    assert (torn.end, torn.finished, torn.series) == (None, False, {"a.w": [(0.5, 3.0)]})


@pytest.mark.parametrize("ending", [Ending.FAILED, Ending.ABORTED])
def test_only_finished_is_finished(tmp_path: Path, ending: Ending) -> None:
    with History(tmp_path / "h.jsonl", HEAD) as history:
        history.end(END.model_copy(update={"ending": ending, "error": "the broker died"}))
    read = Recording.read(tmp_path / "h.jsonl")
    assert (read.finished, read.end is not None and read.end.error) == (False, "the broker died")


def test_a_history_is_never_written_over(tmp_path: Path) -> None:
    History(tmp_path / "h.jsonl", HEAD).__exit__()
    with pytest.raises(FileExistsError):
        History(tmp_path / "h.jsonl", HEAD)


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([], "it is empty"),
        ([HEAD, "junk"], ":2: this is no line of a history"),
        ([HEAD, HEAD], ":2: a head line does not belong here"),
        ([END], ":1: a end line does not belong here"),
        ([HEAD, END, END], ":3: a end line does not belong here"),
        ([HEAD.model_dump_json().replace('"version":1', '"version":2')], ":1: this is no line of a history"),
    ],
)
def test_what_is_no_history_is_told_by_its_line(tmp_path: Path, lines: list[object], complaint: str) -> None:
    path = tmp_path / "h.jsonl"
    texts = [line if isinstance(line, str) else line.model_dump_json() for line in lines]  # type: ignore[attr-defined]
    path.write_text("".join(f"{text}\n" for text in texts))
    with pytest.raises(HistoryError, match=complaint):
        Recording.read(path)
