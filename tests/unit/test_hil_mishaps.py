"""Faults that the runner keeps, on an island of fakes, and what a run leaves when it does not get through."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hil.bench.island import Island
from hil.bench.processes import Failed
from hil.faults.adversary import Flood
from hil.faults.clock import RIGHT, Drift, Jump, Unset
from hil.faults.fault import Fault
from hil.faults.power import BROKER, GATEWAY, Cut, PowerCut
from hil.history import Ending, Recording
from hil.runner import mishaps as runner_mishaps
from hil.runner.mishaps import Mishaps, clocks
from hil.runner.play import Job, play
from hil.scenario import find

METERS = ["feeder", "home-1", "home-2"]


def jump(at_s: float, of: str = "home-1") -> Jump:
    return Jump(on="clock", kind="jump", by_s=-90, at_s=at_s, for_s=2, of=of)


def power(of: str) -> PowerCut:
    return PowerCut(on="power", at_s=3, for_s=2, of=of)


def test_a_cut_hits_whom_it_names() -> None:
    assert power("home-*").cuts(METERS) == [Cut(3, "home-1", 2), Cut(3, "home-2", 2)]
    assert power("*").cuts(METERS) == [Cut(3, meter, 2) for meter in METERS]
    assert power(GATEWAY).cuts(METERS) == [Cut(3, GATEWAY, 2)]
    # the gateway starts it again
    assert power(BROKER).cuts(METERS) == [Cut(3, BROKER, 0)]


def test_a_clock_is_told_what_is_wrong() -> None:
    assert jump(0).told == "-90"
    assert Jump(on="clock", kind="jump", by_s=3600, at_s=0, for_s=1, of="*").told == "+3600"
    assert Drift(on="clock", kind="drift", ppm=-50, at_s=0, for_s=1, of="*").told == "+0 x0.999950"


def test_only_failing_clocks_are_watched_and_those_that_fail_at_once_start_so() -> None:
    unset = Unset(on="clock", kind="unset", at_s=0, for_s=9, of="feeder")
    assert clocks([jump(5), unset, power("*")], METERS) == {"home-1": RIGHT, "feeder": "@1970-01-01 00:00:01"}
    assert clocks([power("*")], METERS) == {}


def test_clocks_and_adversaries_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, bool]] = []
    adversaries = SimpleNamespace(
        begin=lambda fault: heard.append((fault.kind, True)), end=lambda fault: heard.append((fault.kind, False))
    )
    monkeypatch.setattr(runner_mishaps, "Adversaries", lambda _island: adversaries)
    layout = SimpleNamespace(clock=lambda meter: tmp_path / meter)
    island: Any = SimpleNamespace(meters=dict.fromkeys(METERS), layout=layout)
    flood = Flood(on="adversary", kind="flood", at_s=1, for_s=9, of="broker")
    faults: list[Fault] = [jump(2, "home-*"), flood]
    told: list[bool] = []
    kept = Mishaps(island, faults, lambda change: told.append(change.begins))
    kept.tick(2.5)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"home-1": "-90", "home-2": "-90"}
    kept.tick(4.0)
    assert {path.read_text() for path in tmp_path.iterdir()} == {RIGHT}
    kept.end(5.0)
    assert heard == [("flood", True), ("flood", False)]
    assert told == [True, True, False, False]


@pytest.mark.parametrize(
    ("raised", "ending", "error"),
    [
        (Failed("there is no MicroPython here"), Ending.FAILED, "there is no MicroPython here"),
        (OSError("no space left"), Ending.FAILED, "no space left"),
        (KeyboardInterrupt(), Ending.ABORTED, "somebody stopped it"),
    ],
)
def test_a_run_that_cannot_even_start_has_a_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException, ending: Ending, error: str
) -> None:
    def start(_self: object, _say: object, _clocks: object) -> None:
        raise raised

    monkeypatch.setattr(Island, "start", start)
    read = Recording.read(play(Job(find("calm-day"), 5, tmp_path / "run")))
    assert read.end is not None
    assert (read.end.ending, read.end.error, read.head.seed) == (ending, error, 5)
    assert read.head.command == "skerry hil run calm-day --seed 5"
    assert [event.details["state"] for event in read.events] == ["starting", ending.value]


def test_a_defect_is_recorded_and_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_self: object, _say: object, _clocks: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Island, "start", start)
    with pytest.raises(ZeroDivisionError):
        play(Job(find("calm-day"), None, tmp_path / "run"))
    end = Recording.read(tmp_path / "run" / "history.jsonl").end
    assert end is not None
    assert end.error == "a defect of the rig: ZeroDivisionError()"


def test_a_run_is_never_written_over(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        play(Job(find("calm-day"), None, tmp_path))
