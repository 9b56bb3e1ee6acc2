"""A device is recorded over its bus and served again; mbpoll, which is not ours, reads both alike."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil import record
from hil.cli import app
from hil.devices.recorded import Block, RecordedDevice, RecordingError

from .conftest import mbpoll, start_rig

BLOCK = Block(function=3, first=40_000, count=3)


def written(tmp_path: Path, *shown: tuple[float, list[int]], head: str | None = None) -> Path:
    path = tmp_path / "device.jsonl"
    lines = [BLOCK.model_dump_json() if head is None else head]
    lines += [json.dumps({"t": t, "registers": registers}) for t, registers in shown]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_it_shows_what_was_shown_then(tmp_path: Path) -> None:
    device = RecordedDevice.read(written(tmp_path, (0.0, [1, 2, 3]), (1.0, [4, 5, 6]), (2.0, [7, 8, 65_535])))
    assert [device.image(t)[0] for t in (0.0, 0.99, 1.0, 1.5, 2.0, 99.0)] == [1, 1, 4, 4, 7, 7]


@pytest.mark.parametrize(
    ("shown", "head", "complaint"),
    [
        ([(0.0, [1, 2, 3])], "{}", ":1: this is not how a device was read"),
        ([(0.0, [1, 2])], None, ":2: 2 registers, not 3"),
        ([(0.0, [1, 2, 3]), (1.0, [1, 2, 65_536])], None, ":3: Input should be less than or equal to 65535"),
        ([(1.0, [1, 2, 3]), (0.5, [1, 2, 3])], None, "its times go backwards"),
        ([], None, "it shows nothing"),
    ],
)
def test_what_is_no_recording_is_told(
    tmp_path: Path, shown: list[tuple[float, list[int]]], head: str | None, complaint: str
) -> None:
    with pytest.raises(RecordingError, match=complaint):
        RecordedDevice.read(written(tmp_path, *shown, head=head))


def test_a_device_of_the_rig_is_recorded_and_served_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_MOST", 50)
    rig = start_rig(tmp_path / "rig", "--meters", "2")
    recording = tmp_path / "wind.jsonl"
    try:
        bus = rig.units["wind-1"]["bus"]
        where = f"{bus['host']}:{bus['port']}"
        options = ["--first", "40000", "--count", "124", "--seconds", "0.3", "--every", "0.1", "--out", str(recording)]
        done = CliRunner().invoke(app, ["record", where, *options])
        assert done.exit_code == 0, done.output
        assert "124 registers, read " in done.output
        original = mbpoll(bus, 1, "4", 40_000, 124)
        again = CliRunner().invoke(app, ["record", where, *options])
        assert (again.exit_code, "File exists" in again.output) == (2, True)
        nobody = CliRunner().invoke(app, ["record", where, *options[:-1], str(tmp_path / "n"), "--unit", "9"])
        assert (nobody.exit_code, "unit 9 does not show 50 registers from 40000" in nobody.output) == (2, True)
    finally:
        rig.stop()
    command = [sys.executable, "-m", "hil", "mimic", str(recording), "--unit", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        copy = json.loads(served.stdout.readline())
        assert mbpoll(copy, 3, "4", 40_000, 124) == original
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=10) == 0
