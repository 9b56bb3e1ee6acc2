"""The meter's bus master alone, for benchmarks and tests: polls devices back to back and says what came of it.

    micropython -m tools.bus_master FLASH PATH BAUD SECONDS UNIT:MAP...

Prints one JSON object: "rounds" with the microseconds that each took, and "devices", a list of unit, reads (address and count
of every request of a poll), readings, errors and status. The first round, in which devices are identified, is not counted.
"""

import asyncio
import json
import sys

from firmware.hal.unix import Board
from firmware.meter.config import Bus, Device
from firmware.meter.device import PolledDevice
from firmware.meter.link import open_link
from firmware.meter.stopwatch import Stopwatch


def load_map(name: str) -> object:
    """The content of a map file."""
    with open(f"firmware/maps/{name}.json") as file:
        return json.load(file)


async def poll(board: Board, devices: "list[PolledDevice]", seconds: float) -> "dict[str, object]":
    """Poll all devices, one after the other, for ``seconds``."""
    readings = [0] * len(devices)
    rounds: list[int] = []
    begun = board.clock.ticks_ms()
    while board.clock.ticks_ms() - begun < 1000 * seconds:
        watch = Stopwatch()
        for index, device in enumerate(devices):
            if await device.poll(board.clock.ticks_ms()):
                readings[index] += 1
        rounds.append(watch.us())
    return {
        "rounds": rounds[1:],
        "devices": [
            {
                "unit": device.unit,
                "reads": device.reads,
                "readings": readings[index],
                "errors": device.errors,
                "status": device.status,
            }
            for index, device in enumerate(devices)
        ],
    }


def main(arguments: "list[str]") -> None:
    """Run with ``arguments`` (without the program's name)."""
    flash, path, baud, seconds = arguments[:4]
    board = Board(flash)
    link = open_link(board, Bus("rtu", path=path, baud=int(baud)))
    devices = []
    for argument in arguments[4:]:
        unit, map = argument.split(":")
        devices.append(PolledDevice(Device(int(unit), map, False), link, load_map))
    print(json.dumps(asyncio.run(poll(board, devices, float(seconds)))))


if __name__ == "__main__":
    main(sys.argv[1:])
