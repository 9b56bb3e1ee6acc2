"""Waiting, running, held: the rig's course of events, in the core and in a process."""

import json
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from hil.plant.island import Island
from hil.rig import PATIENCE_S, Phase, Rig
from hil.roster import roster

from .conftest import RigProcess, billing_values, start_rig, wait_for


def small_rig(duration_s: float | None = None) -> Rig:
    rig = Rig(Island(roster(2), 1), duration_s)
    rig.start(100.0)
    return rig


def test_registers_stand_still_until_every_billing_device_was_read() -> None:
    rig = small_rig()
    first = rig.record(0)["units"]
    rig.energy_read("feeder")
    rig.tick(110.0)
    assert rig.record(0)["phase"] == "waiting"
    assert rig.record(0)["units"] == first
    rig.energy_read("wind-1")
    rig.tick(110.2)
    assert rig.record(0)["phase"] == "running"
    assert rig.record(0)["units"] == first
    rig.tick(111.2)
    assert rig.record(0)["units"] != first
    assert rig.run_s == pytest.approx(1.0)


def test_patience_ends() -> None:
    rig = small_rig()
    rig.tick(101.9 + PATIENCE_S)
    assert rig.record(0)["phase"] == "waiting"
    rig.tick(102.0 + PATIENCE_S)
    assert rig.phase is Phase.RUNNING


def test_duration_is_kept_to_the_instant() -> None:
    rig = small_rig(duration_s=2.0)
    rig.tick(122.0)
    rig.tick(123.9)
    rig.tick(124.4)
    assert (rig.phase, rig.run_s) == (Phase.HELD, 2.0)


def test_hold_counts_the_energy_until_then_and_no_more() -> None:
    rig = small_rig()
    rig.tick(122.0)
    rig.hold(123.5)
    held = rig.record(0)
    assert held["run_s"] == 1.5
    assert held["feeder_w"] == held["losses_w"] == 0
    assert all(unit["w"] == 0 for unit in held["units"].values())
    rig.tick(130.0)
    rig.hold(140.0)
    assert rig.record(0) == held


def test_waiting_shows_no_power_and_the_registers_of_the_start(held_rig: RigProcess) -> None:
    waiting = [line for line in held_rig.journal if line["phase"] == "waiting"]
    assert waiting
    for line in waiting:
        assert line["units"] == held_rig.first
        assert all(unit["w"] == 0 for unit in line["units"].values())


def test_running_balances_and_registers_never_fall(held_rig: RigProcess) -> None:
    journal = held_rig.journal
    running = [line for line in journal if line["phase"] == "running" and line["run_s"] > 0]
    assert len(running) >= 3
    for line in running:
        units = line["units"]
        assert line["feeder_w"] == units["feeder"]["w"]
        assert line["feeder_w"] == sum(unit["w"] for meter, unit in units.items() if meter != "feeder") + line["losses_w"]
    for before, after in pairwise(journal):
        for meter, unit in after["units"].items():
            assert unit["import_wh"] >= before["units"][meter]["import_wh"]
            assert unit["export_wh"] >= before["units"][meter]["export_wh"]


def test_held_shows_no_power_and_says_how_long_it_ran(held_rig: RigProcess) -> None:
    held = [line for line in held_rig.journal if line["phase"] == "held"]
    assert all(line["units"] == held[0]["units"] and line["run_s"] == held[0]["run_s"] >= 3 for line in held)
    assert all(unit["w"] == 0 for unit in held[0]["units"].values())
    assert held[0]["units"] != held_rig.first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_for_the_duration_and_a_signal_ends_it_with_a_last_line(tmp_path: Path, number: signal.Signals) -> None:
    rig = start_rig(tmp_path, "--meters", "2", "--duration", "1")
    try:
        for unit in rig.units.values():
            billing_values(unit)
        wait_for(lambda: rig.last["phase"] == "held", "hold after one second of running", 5)
        assert rig.stop(number) == 0
        assert (tmp_path / "plant.jsonl").read_text().endswith("\n")
        assert rig.last["run_s"] == 1.0
        assert {"t", "phase", "run_s", "feeder_w", "losses_w", "stolen_w", "units"} == set(rig.last)
    finally:
        rig.process.kill()
        rig.process.wait()


def test_added_households_share_one_gateway(tmp_path: Path) -> None:
    rig = start_rig(tmp_path, "--meters", "14")
    try:
        added = [rig.units[f"home-{n}"] for n in (3, 4, 5)]
        assert len({json.dumps(unit["bus"]) for unit in added}) == 1
        assert [unit["devices"][0]["unit"] for unit in added] == [1, 2, 3]
        assert billing_values(added[2]) == rig.last["units"]["home-5"]
    finally:
        rig.stop()
