"""How much of a serial bus's time the meter uses: `python -m tools.bench_bus` prints `name value unit` lines.

The meter's bus master runs on MicroPython against a line that takes as long as a real one (`hil.links.paced`), with four
devices on it. What the frames of its read plans need at least, bytes and silences, is compared with what a round took.
"""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from firmware.wire.modbus import exchange_us
from hil.devices import sunspec
from hil.devices.device import Device
from hil.devices.registers import MappedDevice
from hil.links.paced import PacedLine
from hil.links.server import Station
from hil.links.slaves import Slaves
from hil.plant.island import Reading

ROOT = Path(__file__).parents[1]
MICROPYTHON = ROOT / ".skerry" / "bin" / "micropython"
BAUDS = (9_600, 115_200)
SECONDS = 8.0
SHOWN = Reading(w=-3_210, import_wh=1_234_567, export_wh=7_654_321, dv=2301, mhz=49_980, soc=512)


@dataclass(frozen=True)
class Figures:
    """One line's figures.

    `theory_s` and `measured_s` are seconds of a round: of its frames at least, and of the fastest tenth of all rounds, for what
    other processes disturbed says nothing of the master. `silence_us` is the least that it left between two frames.
    """

    theory_s: float
    measured_s: float
    silence_us: float
    requests: int
    errors: int

    @property
    def efficiency(self) -> float:
        """The part of the time that the line needed anyway."""
        return self.theory_s / self.measured_s


def devices() -> dict[int, tuple[str, Device]]:
    """Unit id: map and register image, of a meter, a big meter, an inverter, and a battery behind a SunSpec meter."""
    battery = [sunspec.storage(60_000, 30_000), sunspec.meter("ABC", 30_000)]
    plain = ["eastron_sdm120", "eastron_sdm630", "growatt_mid"]
    found: dict[int, tuple[str, Device]] = {unit: (name, MappedDevice(name)) for unit, name in enumerate(plain, start=1)}
    return found | {4: ("sunspec", sunspec.SunSpecDevice([sunspec.common("storage", "1", 4), *battery]))}


def station(unit: int, device: Device) -> Station:
    """The device on a bus, standing still."""
    image = device.image(SHOWN)
    return Station(unit, device.function, device.first, lambda: image, lambda _address, _count: None)


def run_master(line: PacedLine, seconds: float, maps: dict[int, str]) -> dict[str, Any]:
    """What `tools.bus_master` says of `seconds` on the line."""
    with tempfile.TemporaryDirectory() as folder:
        bus = [f"{folder}/flash.lfs", str(line.bus["path"]), str(line.bus["baud"]), str(seconds)]
        units = [f"{unit}:{name}" for unit, name in maps.items()]
        command = [str(MICROPYTHON), "-m", "tools.bus_master", *bus, *units]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=seconds + 60)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(baud: int, seconds: float) -> Figures:
    """Poll the devices for `seconds` at `baud`."""
    found = devices()
    line = PacedLine(baud, Slaves([station(unit, device) for unit, (_, device) in found.items()]).answer)
    try:
        result = run_master(line, seconds, {unit: name for unit, (name, _) in found.items()})
    finally:
        line.close()
    counts = [count for device in result["devices"] for _, count in device["reads"]]
    rounds = [took / 1e6 for took in result["rounds"]]
    errors = sum(sum(device["errors"].values()) for device in result["devices"])
    theory_s = sum(exchange_us(baud, count) for count in counts) / 1e6
    measured_s = mean(sorted(rounds)[: (len(rounds) + 9) // 10])
    return Figures(theory_s, measured_s, line.shortest_silence_s * 1e6, len(counts), errors)


def main() -> None:
    """Measure and print."""
    for baud in BAUDS:
        figures = measure(baud, SECONDS)
        print(f"bus_{baud}_theory {figures.theory_s:.4f} s")
        print(f"bus_{baud}_measured {figures.measured_s:.4f} s")
        print(f"bus_{baud}_efficiency {figures.efficiency:.3f} ratio")
        print(f"bus_{baud}_requests {figures.requests} count")
        print(f"bus_{baud}_errors {figures.errors} count")
        print(f"bus_{baud}_shortest_silence {figures.silence_us:.0f} us")


if __name__ == "__main__":
    main()
