"""The devices, read by software that is not ours, show what plant.jsonl says."""

import subprocess

import pytest

from .conftest import RigProcess, billing_values, mbpoll, sunspec_models, sunspec_values

SUNSPEC = ["feeder", "wind-1", "wind-2", "wind-3", "house-pv-1", "house-pv-2", "battery", "home-2"]
PLAIN = ["pile", "purifier", "home-1"]


@pytest.mark.parametrize("meter", SUNSPEC + PLAIN)
def test_billing_device_shows_the_registers_of_the_journal(held_rig: RigProcess, meter: str) -> None:
    assert billing_values(held_rig.units[meter]) == held_rig.last["units"][meter]


@pytest.mark.parametrize("meter", SUNSPEC)
def test_mbpoll_finds_the_energy_where_rig_json_says(held_rig: RigProcess, meter: str) -> None:
    unit = held_rig.units[meter]
    device = unit["devices"][0]
    registers = mbpoll(unit["bus"], device["unit"], "4", *device["address"])
    export_wh = registers[0] << 16 | registers[1]
    import_wh = registers[-2] << 16 | registers[-1] if len(registers) == 10 else 0
    shown = held_rig.last["units"][meter]
    assert (import_wh, export_wh) == (shown["import_wh"], shown["export_wh"])


@pytest.mark.parametrize("meter", ["house-pv-1", "house-pv-2"])
def test_the_inverter_shares_the_bus_with_the_meter(held_rig: RigProcess, meter: str) -> None:
    unit = held_rig.units[meter]
    assert [(device["unit"], device["role"]) for device in unit["devices"]] == [(1, "billing"), (2, "auxiliary")]
    models = sunspec_models(unit["bus"], 2)
    assert models[1][0].Mn.value == "skerry-rig"
    assert models[1][0].SN.value == f"{meter}-roof"
    assert sunspec_values(unit["bus"], 2)["export_wh"] > 0


def test_the_battery_shows_its_state_of_charge(held_rig: RigProcess) -> None:
    models = sunspec_models(held_rig.units["battery"]["bus"], 1)
    assert 45 < models[802][0].SoC.cvalue < 55
    assert models[203][0].W.cvalue == 0


def test_the_turbines_share_a_gateway(held_rig: RigProcess) -> None:
    units = [held_rig.units[f"wind-{n}"] for n in (1, 2, 3)]
    assert len({unit["bus"]["port"] for unit in units}) == 1
    serials = [sunspec_models(unit["bus"], unit["devices"][0]["unit"])[1][0].SN.value for unit in units]
    assert serials == ["wind-1", "wind-2", "wind-3"]


@pytest.mark.parametrize("meter", ["wind-1", "house-pv-1"])
def test_an_absent_unit_is_silent(held_rig: RigProcess, meter: str) -> None:
    bus = held_rig.units[meter]["bus"]
    with pytest.raises(AssertionError, match="timed out"):
        mbpoll(bus, 99, "4", 40000, 2)


def test_a_device_refuses_the_other_function_and_foreign_addresses(held_rig: RigProcess) -> None:
    with pytest.raises(AssertionError, match="Illegal function"):
        mbpoll(held_rig.units["home-1"]["bus"], 1, "4", 0, 2)
    with pytest.raises(AssertionError, match="Illegal data address"):
        mbpoll(held_rig.units["home-1"]["bus"], 1, "3", 500, 2)


def test_nobody_writes_a_register(held_rig: RigProcess) -> None:
    port = str(held_rig.units["feeder"]["bus"]["port"])
    command = ["mbpoll", "-m", "tcp", "-p", port, "-0", "-q", "-a", "1", "-t", "4", "-r", "40108", "127.0.0.1", "7"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert run.returncode != 0
    assert billing_values(held_rig.units["feeder"]) == held_rig.last["units"]["feeder"]
