"""``registry.json``: names, places, contacts and tariffs. A TinyDB file, made to be edited; no money depends on it."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tinydb import TinyDB, where
from tinydb.storages import Storage

from . import files, json_lines
from .json_lines import JsonError
from .registry_rows import Book, Contact, Row, Tariff, Unit, mistakes

R = TypeVar("R", bound=Row)
_Number = Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]


class RegistryError(Exception):
    """``registry.json`` is wrong: its last editor's fault. The message names file and line, and what belongs there."""


class _Document(BaseModel):
    """The file as TinyDB lays it out: tables, their rows by number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: Annotated[dict[_Number, Unit], Field(alias=Unit.TABLE)] = {}
    contacts: dict[_Number, Contact] = {}
    tariffs: dict[_Number, Tariff] = {}


class _WholeFile(Storage):
    """TinyDB's own storage truncates the file before it writes; a power cut then would leave nothing."""

    def __init__(self, path: Path, check: Callable[[str], object]) -> None:
        self._path = path
        self._check = check

    def read(self) -> dict[str, dict[str, Any]] | None:
        try:
            return dict(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        if data == self.read():
            return
        text = json.dumps(data, indent=2, ensure_ascii=False)
        self._check(text)
        files.write(self._path, text.encode())


def row_of(kind: type[R], **fields: object) -> R:
    """A row. RegistryError if it is not valid by itself."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise RegistryError(f"{_field(first['loc'])}: {first['msg']}") from None


class Registry:
    """The registry of one site."""

    def __init__(self, path: Path, prices: Callable[[], Mapping[str, int]] = dict) -> None:
        """``prices``: the ledger's, in micro-tokens per kWh, as far as they are known."""
        self._path = path
        self._prices = prices

    def version(self) -> tuple[int, int, int]:
        """Differs when the file has changed."""
        return files.version(self._path)

    def book(self) -> Book:
        """All that it says. RegistryError if the file is not valid."""
        try:
            return self._read(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return Book({}, {}, {})
        except (JsonError, UnicodeDecodeError) as error:
            raise RegistryError(f"{self._path}: {error}") from None

    def units(self) -> dict[str, Unit]:
        """All units by meter. RegistryError if the file is not valid."""
        return self.book().units

    def put(self, row: Row) -> None:
        """Add ``row``, or replace the one with its key. RegistryError if the file is not valid, or would not be: it is left."""
        self.book()
        self._change(lambda db: db.table(row.TABLE).upsert(row.model_dump(mode="json"), where(row.KEY) == row.key))

    def remove(self, kind: type[Row], key: str) -> None:
        """Take the row with this key away, if there is one. RegistryError as above."""
        self.book()
        self._change(lambda db: db.table(kind.TABLE).remove(where(kind.KEY) == key))

    def _change(self, change: Callable[[TinyDB], object]) -> None:
        try:
            change(TinyDB(self._path, self._read, storage=_WholeFile))
        except JsonError as error:
            # the line is of the file as it would be, which nobody has seen
            raise RegistryError(str(error).partition(": ")[2]) from None

    def _read(self, text: str) -> Book:
        try:
            document = _Document.model_validate(json_lines.loads(text))
        except ValidationError as error:
            first = error.errors()[0]
            raise _mistake(text, first["loc"], f"{_field(first['loc'])}: {first['msg']}") from None
        meters, prices = {unit.meter: unit for unit in document.units.values()}, self._prices()

        def checked(rows: Mapping[str, R]) -> dict[str, R]:
            seen: dict[str, R] = {}
            for number, row in rows.items():
                for path, message in mistakes(row, seen, meters, prices):
                    raise _mistake(text, (row.TABLE, number, *path), f"{_field(path)}: {message}")
                seen[row.key] = row
            return seen

        return Book(checked(document.units), checked(document.contacts), checked(document.tariffs))


def _mistake(text: str, path: Sequence[int | str], message: str) -> JsonError:
    return JsonError(f"line {json_lines.line_of(text, path)}: {message}")


def _field(path: Sequence[int | str]) -> str:
    """The last name on the way to a mistake. pydantic's "[key]" says that the name itself is one."""
    names = [name for name in path if isinstance(name, str) and name != "[key]"]
    return names[-1] if names else "registry"
