"""A rig in its own process, and the two independent clients that read it: pysunspec2 and mbpoll."""

import json
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sunspec2.modbus.client import SunSpecModbusClientDeviceRTU, SunSpecModbusClientDeviceTCP

Values = dict[str, int]


@dataclass
class RigProcess:
    """A running `python -m hil serve` and the directory that it writes to."""

    process: subprocess.Popen[bytes]
    directory: Path
    first: dict[str, Values] = field(default_factory=dict)

    @property
    def units(self) -> dict[str, dict[str, Any]]:
        document = json.loads((self.directory / "rig.json").read_text())
        return {unit["meter"]: unit for unit in document["units"]}

    @property
    def journal(self) -> list[dict[str, Any]]:
        lines = (self.directory / "plant.jsonl").read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    @property
    def last(self) -> dict[str, Any]:
        return self.journal[-1]

    def hold(self) -> None:
        self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.last["phase"] == "held", "phase held", 5)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=10)


def wait_for(condition: Callable[[], bool], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"no {what} within {seconds} s")
        time.sleep(0.05)


def start_rig(directory: Path, *options: str) -> RigProcess:
    command = [sys.executable, "-m", "hil", "serve", "--dir", str(directory), *options]
    rig = RigProcess(subprocess.Popen(command), directory)
    wait_for(lambda: (directory / "rig.json").exists() or rig.process.poll() is not None, "rig.json", 30)
    assert rig.process.poll() is None, f"the rig ended with status {rig.process.returncode}"
    wait_for(lambda: (directory / "plant.jsonl").exists() and bool(rig.journal), "plant.jsonl", 5)
    return rig


def sunspec_models(bus: dict[str, Any], unit: int) -> dict[Any, Any]:
    """Every model that pysunspec2 discovers on the device, read whole."""
    if bus["kind"] == "tcp":
        client = SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr=bus["host"], ipport=bus["port"], timeout=2)
    else:
        client = SunSpecModbusClientDeviceRTU(slave_id=unit, name=bus["path"], baudrate=bus["baud"], timeout=2)
    client.scan()
    client.close()
    models: dict[Any, Any] = client.models
    return models


def sunspec_values(bus: dict[str, Any], unit: int) -> Values:
    """Power and energy of a device in the rig's units and signs, as pysunspec2 reads them."""
    models = sunspec_models(bus, unit)
    inverter = next((models[number][0] for number in (101, 103) if number in models), None)
    if inverter is not None:
        return {"w": -inverter.W.cvalue, "import_wh": 0, "export_wh": inverter.WH.cvalue or 0}
    meter = next(models[number][0] for number in (201, 203) if number in models)
    return {"w": meter.W.cvalue, "import_wh": meter.TotWhImp.cvalue or 0, "export_wh": meter.TotWhExp.cvalue or 0}


def mbpoll(bus: dict[str, Any], unit: int, table: str, address: int, count: int) -> list[int]:
    """Registers from an address counted from 0, as mbpoll reads them; table "3" is input, "4" holding registers."""
    if shutil.which("mbpoll") is None:
        pytest.fail("mbpoll is not installed: run `make setup`, which installs it")
    if bus["kind"] == "tcp":
        where = ["-m", "tcp", "-p", str(bus["port"]), bus["host"]]
    else:
        where = ["-m", "rtu", "-b", str(bus["baud"]), "-P", "none", bus["path"]]
    what = ["-0", "-1", "-q", "-a", str(unit), "-t", f"{table}:hex", "-r", str(address), "-c", str(count)]
    run = subprocess.run(["mbpoll", *what, *where], capture_output=True, text=True, timeout=10, check=False)
    assert run.returncode == 0, run.stderr
    return [int(line.split()[-1], 16) for line in run.stdout.splitlines() if line.startswith("[")]


def eastron_values(bus: dict[str, Any], unit: int, power_address: int) -> Values:
    """Power and energy of an Eastron meter: mbpoll's registers as IEEE 754 floats (mbpoll itself prints 6 digits)."""
    registers = mbpoll(bus, unit, "3", power_address, 2) + mbpoll(bus, unit, "3", 72, 4)
    watts, import_kwh, export_kwh = struct.unpack(">3f", struct.pack(">6H", *registers))
    return {"w": round(watts), "import_wh": round(import_kwh * 1000), "export_wh": round(export_kwh * 1000)}


def billing_values(unit: dict[str, Any]) -> Values:
    """What an independent client reads at the unit's billing device."""
    device = next(device for device in unit["devices"] if device["role"] == "billing")
    if device["map"] == "sunspec":
        return sunspec_values(unit["bus"], device["unit"])
    return eastron_values(unit["bus"], device["unit"], {"eastron_sdm120": 12, "eastron_sdm630": 52}[device["map"]])


@pytest.fixture(scope="session")
def held_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RigProcess]:
    """The default island: read once by independent clients while waiting, run for three seconds, then held."""
    rig = start_rig(tmp_path_factory.mktemp("rig"), "--seed", "4")
    try:
        rig.first = {meter: billing_values(unit) for meter, unit in rig.units.items()}
        wait_for(lambda: rig.last["run_s"] >= 3, "three seconds of running", 15)
        rig.hold()
        yield rig
        rig.stop()
    finally:
        rig.process.kill()
        rig.process.wait()
