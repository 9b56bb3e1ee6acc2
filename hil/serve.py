"""The rig's shell: opens the lines, announces them in rig.json, steps the plant, keeps plant.jsonl, hears signals."""

import asyncio
import json
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from pymodbus.constants import ExcCodes

from .devices.sunspec import SunSpecDevice
from .disturbances import Disturbances
from .links.between import TcpBetween
from .links.probe import probe
from .links.server import HOST, RtuLine, Station, TcpLine
from .plant.island import Island
from .rig import Phase, Rig
from .roster import roster
from .scenario import IslandTable, Scenario
from .wiring import BILLING, Endpoint, Line, wire

STEP_S = 0.2
RECORD_S = 1.0
RIG, JOURNAL = "rig.json", "plant.jsonl"


async def serve(
    meters: int,
    seed: int,
    directory: Path,
    duration_s: float | None,
    scenario: Scenario | None = None,
    broker: int | None = None,
) -> None:
    """Run the rig until SIGTERM or SIGINT; SIGUSR1 holds it.

    The scenario's day is played. Its faults disturb the buses while the plant runs, and the connections of the meters to port
    `broker` of this host, if given: each meter then has a proxy there, which rig.json names as the unit's `broker`.

    Writes `directory/rig.json` once every device answers and appends a line a second, and one at each change of phase,
    to `directory/plant.jsonl`, and one for each fault that begins or ends to `directory/faults.jsonl`.

    Raises:
        RosterError: `meters` is out of range.
        SilentDevice: a device of the rig does not answer.
        OSError: the directory cannot be written, or the system is out of ports or pseudo-terminals.
    """
    table = scenario.island if scenario else IslandTable(meters=meters, seconds=1)
    island = Island(roster(meters), seed, table.climate, table.registers, table.theft)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / RIG).unlink(missing_ok=True)
    async with AsyncExitStack() as stack:
        rig = Rig(island, duration_s)
        disturbances = Disturbances(scenario.of_wires() if scenario else [], seed, directory)
        opened = [(line, await _open(line, rig, disturbances, stack)) for line in wire(island)]
        await _probe_all(opened)
        stack.push_async_callback(disturbances.close)
        if broker is not None:
            await disturbances.open([unit.meter for unit in island.units], broker)
        journal = stack.enter_context((directory / JOURNAL).open("a", encoding="utf-8"))
        with _signals(rig, journal) as stop:
            rig.start(time.monotonic())
            _announce(directory / RIG, island, opened, disturbances)
            await _run(rig, disturbances, journal, stop)


async def _open(line: Line, rig: Rig, disturbances: Disturbances, stack: AsyncExitStack) -> dict[str, str | int]:
    """Open a line for as long as the stack; how a meter reaches it."""
    stations = [_station(endpoint, rig) for endpoint in line.endpoints]
    answer = disturbances.interference.on_line({endpoint.unit: endpoint.meter for endpoint in line.endpoints})
    if line.kind == "rtu":
        cable = await RtuLine.open(stations, answer)
        stack.push_async_callback(cable.close)
        return cable.bus
    server = await TcpLine.open(stations)
    stack.push_async_callback(server.close)
    between = TcpBetween(int(server.bus["port"]), answer)
    stack.push_async_callback(between.close)
    await between.open()
    return between.bus


def _station(endpoint: Endpoint, rig: Rig) -> Station:
    device = endpoint.device
    start, length = device.energy

    def noticed(address: int, count: int) -> None:
        if endpoint.role == BILLING and address < start + length and start < address + count:
            rig.energy_read(endpoint.meter)

    def image() -> list[int]:
        return device.image(endpoint.reading())

    def write(address: int, values: list[int]) -> ExcCodes | None:
        if not isinstance(device, SunSpecDevice) or not device.may_set(address, len(values)):
            return ExcCodes.ILLEGAL_ADDRESS
        return None if device.set(address, values) else ExcCodes.ILLEGAL_VALUE

    settable = write if isinstance(device, SunSpecDevice) else None
    return Station(endpoint.unit, device.function, device.first, image, noticed, settable)


async def _probe_all(opened: Sequence[tuple[Line, dict[str, str | int]]]) -> None:
    for line, bus in opened:
        for endpoint in line.endpoints:
            await probe(bus, endpoint.unit, endpoint.device.function, endpoint.device.first)


def _announce(
    path: Path, island: Island, opened: Sequence[tuple[Line, dict[str, str | int]]], disturbances: Disturbances
) -> None:
    """Write rig.json whole or not at all: whoever finds the file may read it."""
    buses: dict[str, dict[str, str | int]] = {}
    devices: dict[str, list[dict[str, Any]]] = {}
    for line, bus in opened:
        for endpoint in line.endpoints:
            buses[endpoint.meter] = bus
            devices.setdefault(endpoint.meter, []).append(_entry(endpoint))
    units: list[dict[str, Any]] = [
        {"meter": unit.meter, "role": unit.role, "name": unit.name, "bus": buses[unit.meter], "devices": devices[unit.meter]}
        for unit in island.units
    ]
    for unit in units if disturbances.proxies else ():
        unit["broker"] = {"host": HOST, "port": disturbances.proxies[unit["meter"]].port}
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps({"units": units}, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def _entry(endpoint: Endpoint) -> dict[str, Any]:
    energy = list(endpoint.device.energy)
    return {"unit": endpoint.unit, "map": endpoint.map, "role": endpoint.role, "address": energy}


@contextmanager
def _signals(rig: Rig, journal: TextIO) -> Iterator[asyncio.Event]:
    """Hear SIGUSR1 (hold), SIGTERM and SIGINT (stop: sets the event)."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def hold() -> None:
        rig.hold(time.monotonic())
        _record(rig, journal)

    handlers = {signal.SIGUSR1: hold, signal.SIGTERM: stop.set, signal.SIGINT: stop.set}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield stop
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)


async def _run(rig: Rig, disturbances: Disturbances, journal: TextIO, stop: asyncio.Event) -> None:
    _record(rig, journal)
    recorded = time.monotonic()
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), STEP_S)
        now, before = time.monotonic(), rig.phase
        rig.tick(now)
        _disturb(rig, disturbances)
        if rig.phase is not before or now - recorded >= RECORD_S:
            _record(rig, journal)
            recorded = now
    _record(rig, journal)


def _disturb(rig: Rig, disturbances: Disturbances) -> None:
    if rig.phase is Phase.RUNNING:
        disturbances.tick(rig.run_s)
    elif rig.phase is Phase.HELD:
        disturbances.end(rig.run_s)


def _record(rig: Rig, journal: TextIO) -> None:
    journal.write(json.dumps(rig.record(time.time())) + "\n")
    journal.flush()
