"""A scenario: what island is run for how long, what goes wrong when, and what must hold. A TOML file."""

import tomllib
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from .climate import Climate
from .faults.adversary import Adversary
from .faults.bus import BusFault
from .faults.clock import ClockFault
from .faults.fault import Fault, WireFault
from .faults.network import NetworkFault
from .faults.power import PowerCut
from .roster import DEFAULT_METERS, MAX_METERS, MIN_METERS
from .table import Table
from .toml_lines import existing, line_of
from .verdict.rules import AnyRule

SUFFIX = ".toml"


AnyFault = Annotated[BusFault | NetworkFault | PowerCut | ClockFault | Adversary, Field(discriminator="on")]


class ScenarioError(Exception):
    """A scenario is missing or wrong: its author's fault. The message names file and line, a line each."""


class IslandTable(Table):
    """The island: how many meters, how long an interval, and how many seconds the plant runs before it is held.

    Attributes:
        interval_s: at least 2, for a run comes to rest between two certificates.
        registers: where a meter's energy registers stand when the run begins, in Wh; SunSpec's wrap at 2^32.
        theft: how much is taken past all meters, as a fraction of what the loads take.
    """

    meters: Annotated[int, Field(ge=MIN_METERS, le=MAX_METERS)] = DEFAULT_METERS
    interval_s: Annotated[int, Field(ge=2, le=3600)] = 5
    seconds: Annotated[float, Field(gt=0)]
    climate: Climate = Climate()
    registers: dict[str, Annotated[int, Field(ge=0, lt=1 << 32)]] = Field(default_factory=dict)
    theft: Annotated[float, Field(ge=0, le=1)] = 0.0


class Scenario(Table):
    """A whole scenario. `seed` is what all randomness comes from, unless the command line says another."""

    title: Annotated[str, Field(min_length=1)]
    seed: Annotated[int, Field(ge=0)] = 1
    island: IslandTable
    fault: list[AnyFault] = Field(default_factory=list)
    verdict: Annotated[list[AnyRule], Field(min_length=1)]

    def of_wires(self) -> list[WireFault]:
        """The faults that the rig's own process keeps."""
        return [fault for fault in self.fault if isinstance(fault, WireFault)]

    def of_bench(self) -> list[Fault]:
        """The faults that the runner keeps."""
        return [fault for fault in self.fault if not isinstance(fault, WireFault)]


def shipped() -> list[Path]:
    """The scenarios that come with the rig, by name."""
    folder = Path(str(files("hil") / "scenarios"))
    return sorted(folder.glob(f"*{SUFFIX}"))


def find(name: str) -> Path:
    """The file of a scenario: a path, or the name of one that comes with the rig. ScenarioError if there is none."""
    path = Path(name)
    if path.suffix == SUFFIX:
        return path
    known = {one.stem: one for one in shipped()}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        raise ScenarioError(f"there is no scenario {name}: " + (f"is {near[0]} meant?" if near else "`hil list` shows them"))
    return known[name]


def load(path: Path) -> tuple[Scenario, str]:
    """The scenario in a file, and its text. ScenarioError for anything but a valid one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: {error}") from None
    return parse(text, str(path)), text


def parse(text: str, name: str) -> Scenario:
    """The scenario that a text says. ScenarioError, whose lines begin with `name` and a line number."""
    try:
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{name}: {error}") from None
    except ValidationError as error:
        raise ScenarioError("\n".join(_complaint(text, name, item) for item in error.errors())) from None


def _complaint(text: str, name: str, item: Any) -> str:
    path: tuple[str | int, ...] = item["loc"]
    known = existing(tomllib.loads(text), path)
    where = f"{name}:{line_of(text, known)}"
    if item["type"] == "extra_forbidden":
        near = get_close_matches(str(path[-1]), _names(), n=1)
        return f"{where}: there is no key {path[-1]} here" + (f"; is {near[0]} meant?" if near else "")
    if item["type"] == "missing":
        return f"{where}: {path[-1]} is missing"
    key = next((part for part in reversed(known) if isinstance(part, str)), "")
    return f"{where}: {key}: {item['msg'].removeprefix('Value error, ')}"


def _names() -> set[str]:
    """Every key that a scenario may have anywhere."""
    schema = Scenario.model_json_schema()
    tables = [schema, *schema["$defs"].values()]
    return {name for table in tables for name in table.get("properties", ())}
