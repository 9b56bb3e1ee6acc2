"""The course of a scan: whom to ask in which order, what was found so far, and how to go on after a stop. No I/O.

First quickly, in every setting, the units that devices come with; a line has one setting, so once a device has answered, only
that setting is of interest. Then every unit from 1 to 247. The state is all that a later run needs to go on.
"""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import cache

from firmware.wire import modbus

from .identify import Identity, identify
from .question import End, Heard, Question, Setting

QUICK, FULL = "quick", "full"
# the likeliest first: inverters leave the factory at 9,600, Eastron's meters at 2,400 or 9,600
_BAUDS = (9600, 19200, 2400, 115200, 38400, 4800, 57600)
SETTINGS = tuple(Setting(baud, parity) for baud in _BAUDS for parity in "NEO")
QUICK_UNITS = (1, 2, 3, 4, 5, 10, 100, 126, 247)
ALL_UNITS = tuple(range(1, 248))
# a device has to refuse what it does not know; for the few that are silent then, the quick scan asks in both ways
_QUICK_FUNCTIONS = (modbus.READ_HOLDING, modbus.READ_INPUT)
_SERIAL_WAIT_S = 0.2
_TCP_WAIT_S = 0.5  # a gateway has a line of its own behind it
_NO_PATH = (10, 11)
_NOISES = 20

_Probe = tuple[Setting | None, int, int]  # setting, unit, function


@dataclass(frozen=True, slots=True)
class Found:
    """A device: how it was reached, and what it is."""

    setting: Setting | None
    unit: int
    identity: Identity


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that are no reply: another rate or parity, two devices with one unit id, or a bad line."""

    setting: Setting | None
    unit: int
    reason: str


@dataclass(slots=True)
class State:
    """How far a scan is: what an interrupted one is resumed from.

    `stage` is "quick" or "full", `index` counts the probes of this stage that are done; `noises` are the first few.
    """

    stage: str = QUICK
    index: int = 0
    found: list[Found] = field(default_factory=list)
    noises: list[Noise] = field(default_factory=list)


class Course:
    """One scan, over a serial line or TCP."""

    def __init__(self, serial: bool, stages: tuple[str, ...] = (QUICK, FULL), state: State | None = None) -> None:
        """`state`: of the run that this one goes on from."""
        self.state = state or State()
        self._settings: tuple[Setting | None, ...] = SETTINGS if serial else (None,)
        self._wait_s = _SERIAL_WAIT_S if serial else _TCP_WAIT_S
        self._stages = stages

    @property
    def total(self) -> int:
        """How many probes this stage has; fewer once the line's setting is known."""
        return len(self._probes())

    @property
    def place(self) -> str:
        """Where the scan is, in words."""
        probes = self._probes()
        if self.state.index >= len(probes):
            return f"{self.state.stage} scan, done"
        setting, unit, _ = probes[self.state.index]
        return f"{self.state.stage} scan, unit {unit}" + ("" if setting is None else f" at {setting}")

    def questions(self) -> Generator[Question, Heard, None]:
        """All questions from where the state stands; the state follows probe by probe."""
        for stage in self._stages[self._stages.index(self.state.stage) :]:
            if stage != self.state.stage:
                self.state.stage, self.state.index = stage, 0
            while self.state.index < len(self._probes()):
                probes = self._probes()
                probe = probes[self.state.index]
                yield from self._probe(*probe)
                # what was found may have made the list shorter
                self.state.index = (self.state.index if self._probes() is probes else self._probes().index(probe)) + 1

    def _probes(self) -> tuple[_Probe, ...]:
        found = {found.setting for found in self.state.found}
        likely = tuple(setting for setting in self._settings if setting in found or not found)
        return _probes(self.state.stage, likely)

    def _is_found(self, unit: int) -> bool:
        return any(found.unit == unit for found in self.state.found)

    def _probe(self, setting: Setting | None, unit: int, function: int) -> Generator[Question, Heard, None]:
        if self._is_found(unit):
            return
        question = Question(setting, unit, function, 0, 1, self._wait_s)
        heard = yield question
        if heard.late is not None and not self._is_found(heard.late):
            yield from self._meet(replace(question, unit=heard.late))
        if heard.end is End.DISTURBED:
            self._note(Noise(setting, unit, heard.reason))
        if heard.end is End.REPLY or (heard.end is End.REFUSED and heard.code not in _NO_PATH):
            yield from self._meet(question)

    def _meet(self, question: Question) -> Generator[Question, Heard, None]:
        identity = yield from identify(question)
        self.state.found.append(Found(question.setting, question.unit, identity))

    def _note(self, noise: Noise) -> None:
        if len(self.state.noises) < _NOISES:
            self.state.noises.append(noise)


@cache
def _probes(stage: str, settings: tuple[Setting | None, ...]) -> tuple[_Probe, ...]:
    if stage == QUICK:
        # most devices are unit 1, so all settings are tried with that before another unit is
        return tuple((setting, unit, function) for function in _QUICK_FUNCTIONS for unit in QUICK_UNITS for setting in settings)
    return tuple((setting, unit, modbus.READ_HOLDING) for setting in settings for unit in ALL_UNITS)
