"""What a scan found, as a person reads it and as JSON."""

import json
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console
from rich.table import Table

from firmware.meter.config import BAUDS

from .candidates import matching
from .course import Course, Found
from .question import Setting
from .run import Stop

_FOUND = TypeAdapter(list[Found])


def as_json(course: Course, stop: Stop | None) -> str:
    """Devices, their candidates and the reasons, for scripts."""
    devices: list[dict[str, Any]] = _FOUND.dump_python(course.state.found, mode="json")
    for device, found in zip(devices, course.state.found, strict=True):
        device["maps"] = [candidate.map for candidate in matching(found.identity.candidates)]
        for entry, candidate in zip(device["identity"]["candidates"], found.identity.candidates, strict=True):
            entry["points"] = candidate.points
    ended = None if stop is None else {"place": stop.place, "reason": stop.reason, "aborted": stop.aborted}
    noises = [{"line": str(n.setting or ""), "unit": n.unit, "reason": n.reason} for n in course.state.noises]
    return json.dumps({"devices": devices, "disturbances": noises, "stopped": ended}, indent=1)


def show(console: Console, course: Course, stop: Stop | None, full: bool) -> None:
    """The devices, and why each is what it is; then what disturbed, and where the scan stopped."""
    for found in course.state.found:
        _show_device(console, found)
    if not course.state.found:
        console.print("No device has answered.")
    for noise in course.state.noises[:3]:
        line = f" at {noise.setting}" if noise.setting else ""
        console.print(f"unit {noise.unit}{line} was disturbed: {noise.reason}")
    if course.state.noises and not course.state.found:
        console.print("Somebody talks here: look at A and B, termination, and two devices with one unit id.")
    elif not full and stop is None:
        console.print("Only the usual units were asked; without --quick all of them are.")
    if stop is not None:
        console.print(f"Stopped in the {stop.place}: {stop.reason}.")
        console.print("The same command with --resume goes on from there.")


def _show_device(console: Console, found: Found) -> None:
    where = f"unit {found.unit}" + (f", {found.setting}" if found.setting else "")
    plate = " ".join(found.identity.nameplate.get(key, "") for key in ("manufacturer", "model", "serial")).strip()
    console.print(f"\n[bold]{where}[/] {plate}".rstrip())
    maps = [candidate.map for candidate in matching(found.identity.candidates)]
    match maps:
        case []:
            console.print("  no map fits")
        case [name]:
            console.print(f'  map [green]"{name}"[/]')
        case _:
            console.print(f"  {' and '.join(maps)} fit alike: the nameplate decides")
    if found.identity.models:
        console.print(f"  SunSpec models {', '.join(str(model.number) for model in found.identity.models)}")
    if found.setting is not None and not _meter_speaks(found.setting):
        console.print(f"  a meter speaks 8N1 at {BAUDS[0]} to {BAUDS[-1]} baud: set the device to that")
    console.print(_table(found))


def _meter_speaks(setting: Setting) -> bool:
    return setting.baud in BAUDS and setting.parity == "N"


def _table(found: Found) -> Table:
    table = Table("map", "points", "why", box=None, padding=(0, 2))
    for candidate in found.identity.candidates:
        why = candidate.against or "; ".join(fact.text for fact in candidate.facts) or "everything reads 0"
        table.add_row(candidate.map, "-" if candidate.against else str(candidate.points), why)
    return table
