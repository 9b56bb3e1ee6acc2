"""``registry.json``: the names that people give to meters. A TinyDB file, made to be edited; no money depends on it."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tinydb import TinyDB, where
from tinydb.storages import Storage

from . import files


class RegistryError(Exception):
    """``registry.json`` is wrong: its last editor's fault. The message names the place and what belongs there."""


class Unit(BaseModel):
    """One meter as people see it. ``role`` counts at enrolment; afterwards the ledger's is the truth."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    meter: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Literal["wind", "house", "storage", "load", "feeder"]
    place: Annotated[str, Field(max_length=128)] = ""

    @classmethod
    def of(cls, meter: str, name: str, role: str, place: str) -> "Unit":
        """A unit. RegistryError if it is not valid."""
        try:
            return cls.model_validate({"meter": meter, "name": name, "role": role, "place": place})
        except ValidationError as error:
            raise RegistryError(_first(error)) from None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


class _WholeFile(Storage):
    """TinyDB's own storage truncates the file before it writes; a power cut then would leave nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]] | None:
        try:
            return dict(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        files.write(self._path, json.dumps(data, indent=2).encode())


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
            units = [Unit.model_validate(row) for row in self._table().all()]
        except ValidationError as error:
            raise RegistryError(f"{self._path}: {_first(error)}") from None
        except (ValueError, TypeError) as error:
            raise RegistryError(f"{self._path} is not valid JSON: {error}") from None
        return {unit.meter: unit for unit in units}

    def put(self, unit: Unit) -> None:
        """Add ``unit``, or replace the one with its meter. RegistryError if the file is not valid."""
        self.units()
        self._table().upsert(unit.model_dump(), where("meter") == unit.meter)

    def _table(self) -> TinyDB:
        return TinyDB(self._path, storage=_WholeFile)
