import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hil.bench.audit import MeterReckoning, Reckoning
from hil.bench.commissioning import Layout, rows
from hil.bench.outages import Outage
from hil.bench.processes import Failed
from tools import cli
from tools.demo import cli as demo_cli
from tools.demo.outcome import Outcome, Wishes
from tools.demo.report import Report

HEAVY = {"amqtt", "cryptography", "nicegui", "numpy", "pandas", "pvlib", "pymodbus", "sqlite3"}


def test_the_command_itself_imports_nothing_heavy() -> None:
    program = "import sys, tools.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert HEAVY & set(loaded) == set()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--help"], "statement"),
        (["hil", "serve", "--help"], "rig.json"),
        (["gateway", "token", "--help"], "--role"),
        (["ledger", "verify", "--help"], "every hash"),
        (["statement", "--help"], "skerry statement"),
        (["demo", "--help"], "--power-cut"),
    ],
)
def test_every_part_is_there(arguments: list[str], word: str) -> None:
    done = CliRunner().invoke(cli.app, arguments)
    assert done.exit_code == 0
    assert word in done.output


def test_a_parts_failure_is_the_commands(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["ledger", "verify", str(tmp_path / "nothing")])
    assert done.exit_code == 1


def outcome(lost: int = 0) -> Outcome:
    meter = MeterReckoning("home-1", "load", 5 + lost, 5, 0, 40, 40, 40, 0, 1.5, 499_000_000)
    feeder = MeterReckoning("feeder", "feeder", 5, 5, 0, 30, 30, None, 0, 0.0, None)
    reckoning = Reckoning((meter, feeder), 0, 0, 4, 0, 20, 60, 12, None)
    return Outcome(Wishes(25, 5, 2, 1, False), reckoning, 25.0, 9.87654, 1, (Outage(3.0, "home-1", 1.5),))


def demo(monkeypatch: pytest.MonkeyPatch, end: Outcome | BaseException, *arguments: str) -> tuple[int, str, list[Path]]:
    places: list[Path] = []

    def run(_wishes: Wishes, place: Path, _report: Report) -> Outcome:
        places.append(place)
        if isinstance(end, BaseException):
            raise end
        return end

    monkeypatch.setattr(demo_cli, "run", run)
    done = CliRunner().invoke(cli.app, ["demo", *arguments])
    return done.exit_code, done.output, places


def test_in_order_leaves_the_figures_and_no_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    code, output, [place] = demo(monkeypatch, outcome(), "--json", str(target))
    assert code == 0
    assert "in order" in output
    assert not place.exists()
    figures = json.loads(target.read_text())
    assert (figures["certificates_issued"], figures["receipted"], figures["lost"]) == (10, 10, 0)
    assert (figures["plant_wh"], figures["certified_wh"], figures["settled_wh"]) == (40, 40, 40)
    assert (figures["feeder_plant_wh"], figures["feeder_certified_wh"]) == (30, 30)
    assert (figures["first_settlement_s"], figures["meter_dead_seconds"], figures["ledger_verified"]) == (9.877, 1.5, True)
    assert figures["power_cuts"] == [{"at_s": 3.0, "victim": "home-1", "down_s": 1.5}]


def test_figures_on_stdout_stand_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_cli, "run", lambda *_: outcome())
    done = CliRunner().invoke(cli.app, ["demo", "--json", "-"])
    assert json.loads(done.stdout)["lost"] == 0
    assert "in order" in done.stderr


def test_a_loss_is_exit_status_1_and_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code, output, _ = demo(monkeypatch, outcome(lost=2), "--dir", str(tmp_path), "--json", str(tmp_path / "figures.json"))
    assert code == 1
    assert "2 certificates were issued and are not on the ledger" in output
    assert json.loads((tmp_path / "figures.json").read_text())["lost"] == 2


def test_a_failure_is_one_sentence_and_keeps_its_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output, [place] = demo(monkeypatch, Failed("rig ended by itself. Read rig.log"))
    assert code == 1
    assert "rig ended by itself. Read rig.log" in output
    assert "Traceback" not in output
    assert place.exists()
    place.rmdir()


@pytest.mark.parametrize(("arguments", "status"), [([], 0), (["--duration", "25"], 130)])
def test_ctrl_c_is_the_end_only_of_an_endless_demo(monkeypatch: pytest.MonkeyPatch, arguments: list[str], status: int) -> None:
    code, output, [place] = demo(monkeypatch, KeyboardInterrupt(), *arguments)
    assert code == status
    assert "stopped" in output
    assert not place.exists()


def test_power_cuts_need_a_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output, places = demo(monkeypatch, outcome(), "--power-cut")
    assert (code, places) == (2, [])
    assert "--duration" in output


@pytest.mark.parametrize(("interval_s", "expected"), [(2, 2), (5, 5), (7, 1), (8, 4), (10, 5), (900, 5)])
def test_rows_are_of_whole_seconds(interval_s: int, expected: int) -> None:
    assert rows(interval_s) == expected


def test_a_run_wants_a_directory_of_its_own(tmp_path: Path) -> None:
    Layout(tmp_path / "run").create()
    with pytest.raises(Failed, match="is not empty"):
        Layout(tmp_path / "run").create()
