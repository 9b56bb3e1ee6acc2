"""``registry.json``: the names that people give to meters. A TinyDB file, made to be edited; no money depends on it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tinydb import TinyDB, where
from tinydb.storages import Storage

from . import files, json_lines
from .json_lines import JsonError

Role = Literal["wind", "house", "storage", "load", "feeder"]


class RegistryError(Exception):
    """``registry.json`` is wrong: its last editor's fault. The message names file and line, and what belongs there."""


class Unit(BaseModel):
    """One meter as people see it. ``role`` counts at enrolment; afterwards the ledger's is the truth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Role
    place: Annotated[str, Field(max_length=128)] = ""

    @classmethod
    def of(cls, meter: str, name: str, role: str, place: str) -> "Unit":
        """A unit. RegistryError if it is not valid."""
        try:
            return cls.model_validate({"meter": meter, "name": name, "role": role, "place": place})
        except ValidationError as error:
            first = error.errors()[0]
            raise RegistryError(f"{_field(first['loc'])}: {first['msg']}") from None


class _Document(BaseModel):
    """The file as TinyDB lays it out: one table, its rows by number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: Annotated[dict[Annotated[str, Field(pattern=r"^[0-9]{1,9}$")], Unit], Field(alias=TinyDB.default_table_name)] = {}


class _WholeFile(Storage):
    """TinyDB's own storage truncates the file before it writes; a power cut then would leave nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]] | None:
        try:
            return dict(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        files.write(self._path, json.dumps(data, indent=2, ensure_ascii=False).encode())


class Registry:
    """The units of one site."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def version(self) -> tuple[int, int, int]:
        """Differs when the file has changed."""
        return files.version(self._path)

    def units(self) -> dict[str, Unit]:
        """All units by meter. RegistryError if the file is not valid."""
        try:
            return _units(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (JsonError, UnicodeDecodeError) as error:
            raise RegistryError(f"{self._path}: {error}") from None

    def put(self, unit: Unit) -> None:
        """Add ``unit``, or replace the one with its meter. RegistryError if the file is not valid; it is left as it is then."""
        self.units()
        TinyDB(self._path, storage=_WholeFile).upsert(unit.model_dump(), where("meter") == unit.meter)


def _units(text: str) -> dict[str, Unit]:
    try:
        rows = _Document.model_validate(json_lines.loads(text)).units
    except ValidationError as error:
        first = error.errors()[0]
        raise _mistake(text, first["loc"], f"{_field(first['loc'])}: {first['msg']}") from None
    units: dict[str, Unit] = {}
    for number, unit in rows.items():
        if unit.meter in units:
            path = (TinyDB.default_table_name, number, "meter")
            raise _mistake(text, path, f"meter: {unit.meter} is here for the second time, and has one row only")
        units[unit.meter] = unit
    return units


def _mistake(text: str, path: Sequence[int | str], message: str) -> JsonError:
    return JsonError(f"line {json_lines.line_of(text, path)}: {message}")


def _field(path: Sequence[int | str]) -> str:
    """The last name on the way to a mistake. pydantic's "[key]" says that the name itself is one."""
    names = [str(name) for name in path if name != "[key]"]
    return names[-1] if names else "registry"
