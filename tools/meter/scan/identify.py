"""Who answers as a unit: its SunSpec models, and the maps that fit it. No I/O: questions out, what was heard in."""

import json
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from firmware.meter import sunspec
from firmware.meter.config import Bus
from firmware.meter.device_map import DeviceMap
from firmware.meter.plausibility import Nonsense
from firmware.meter.read_plan import Image, cost_on, plan
from firmware.wire import modbus

from .candidates import SUNSPEC, Candidate, judged, ranked
from .question import End, Heard, Question

_WAIT_S = 1.0
_TRIES = {End.SILENCE: 2, End.DISTURBED: 3}
_MARKER = (0x5375, 0x6E53)  # "SunS"
_COMMON, _END = 1, 0xFFFF
_COMMON_TEXTS = 64
# SunSpec Model 1, offsets and lengths in registers
_TEXTS = {"manufacturer": (0, 16), "model": (16, 16), "version": (40, 8), "serial": (48, 16)}
_REFUSALS = (1, 2, 3)

Asking = Generator[Question, Heard, Heard]


@dataclass(frozen=True, slots=True)
class Model:
    """A SunSpec model: its number, and the address and count of its registers."""

    number: int
    address: int
    length: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known about a device.

    `nameplate` holds what SunSpec's common model says: manufacturer, model, version, serial. `stopped` says where and why the
    search for SunSpec models ended, "" if it came to the end of the chain.
    """

    models: tuple[Model, ...]
    stopped: str
    nameplate: dict[str, str]
    candidates: tuple[Candidate, ...]


class Stopped(Exception):
    """The device does not give what is needed to go on. The message says where and why."""


def identify(first: Question) -> Generator[Question, Heard, Identity]:
    """Find out who answered `first`; the questions keep to its unit and setting."""
    models: list[Model] = []
    stopped, candidates = "", []
    try:
        device = yield from _walk(first, models)
        candidates.append((yield from _tried(first, SUNSPEC, "SunSpec", device)))
    except (Stopped, sunspec.SunSpecError) as error:
        stopped = str(error)
        candidates.append(Candidate(SUNSPEC, "SunSpec", stopped))
    nameplate = yield from _nameplate(first, models)
    for name, device_name, device_map in known_maps():
        candidates.append((yield from _tried(first, name, device_name, device_map)))
    return Identity(tuple(models), stopped, nameplate, ranked(candidates))


@cache
def known_maps() -> tuple[tuple[str, str, DeviceMap], ...]:
    """Name, device and map of every file in `firmware/maps`."""
    folder = files("firmware") / "maps"
    names = sorted(file.name.removesuffix(".json") for file in folder.iterdir() if file.name.endswith(".json"))
    documents = {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in names}
    return tuple((name, document["device"], DeviceMap(document)) for name, document in documents.items())


def _ask(first: Question, function: int, address: int, count: int) -> Asking:
    """Ask again what was lost on the way."""
    question = replace(first, function=function, address=address, count=count, wait_s=_WAIT_S)
    tries = 0
    while True:
        heard = yield question
        tries += 1
        if tries >= _TRIES.get(heard.end, 0):
            return heard


def _walk(first: Question, models: list[Model]) -> Generator[Question, Heard, sunspec.SunSpecDevice]:
    """Let the firmware's own search walk along the chain, and note the models on its way."""
    search = sunspec.discover()
    answer: tuple[int, ...] | None = None
    marked = False
    while True:
        try:
            function, address, count = search.send(answer)
        except StopIteration as found:
            device: sunspec.SunSpecDevice = found.value
            return device
        heard = yield from _ask(first, function, address, count)
        if heard.end in _TRIES:
            raise Stopped(f"{_place(function, address, count)}: {heard.reason}, {_TRIES[heard.end]} times")
        answer = heard.registers if heard.end is End.REPLY else None
        if answer is not None and marked and answer[0] != _END:
            models.append(Model(answer[0], address + 2, answer[1]))
        marked = marked or answer == _MARKER


def _nameplate(first: Question, models: list[Model]) -> Generator[Question, Heard, dict[str, str]]:
    common = next((model for model in models if model.number == _COMMON and model.length >= _COMMON_TEXTS), None)
    if common is None:
        return {}
    heard = yield from _ask(first, modbus.READ_HOLDING, common.address, _COMMON_TEXTS)
    return {name: _text(heard.registers[start : start + count]) for name, (start, count) in _TEXTS.items()}


def _text(registers: tuple[int, ...]) -> str:
    data = b"".join(register.to_bytes(2, "big") for register in registers)
    return "".join(chr(byte) for byte in data.split(b"\0")[0] if 32 <= byte < 127).strip()


def _tried(
    first: Question, name: str, device: str, model: DeviceMap | sunspec.SunSpecDevice
) -> Generator[Question, Heard, Candidate]:
    """What becomes of a device's registers under a map."""
    try:
        image = yield from _read(first, model)
        return judged(name, device, model.decode(image))
    except (Stopped, Nonsense) as error:
        return Candidate(name, device, str(error))


def _read(first: Question, model: DeviceMap | sunspec.SunSpecDevice) -> Generator[Question, Heard, Image]:
    """The registers of one poll, read as the meter would: bridged where the device allows it."""
    bus = Bus("tcp") if first.setting is None else Bus("rtu", baud=first.setting.baud)
    bare = plan(model.spans, cost_on(bus), model.limit, False)
    reads = plan(model.spans, cost_on(bus), model.limit, model.bridge)
    try:
        return (yield from _image(first, model.function, reads))
    except _Refused:
        if bare == reads:
            raise
        return (yield from _image(first, model.function, bare))


def _image(first: Question, function: int, reads: list[tuple[int, int]]) -> Generator[Question, Heard, Image]:
    image = Image()
    for address, count in reads:
        heard = yield from _ask(first, function, address, count)
        if heard.end is not End.REPLY:
            kind = _Refused if heard.code in _REFUSALS else Stopped
            raise kind(f"{_place(function, address, count)}: {heard.reason}")
        image.add(address, heard.registers)
    return image


class _Refused(Stopped):
    """The device has not all of the registers that were asked for at once."""


def _place(function: int, address: int, count: int) -> str:
    registers = f"register {address}" if count == 1 else f"registers {address} to {address + count - 1}"
    return f"function {function}, {registers}"
