"""Where API keys are kept, hashed: ``keys/api.json``, the owner's alone. A change counts from the next request on."""

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ..core import api_key
from ..core.api_key import ApiKey, Role
from . import files

NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"


class ApiKeyError(Exception):
    """A key cannot be made or taken away as asked, or the file of keys is damaged. The message says what to do."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class _Kept:
    name: Annotated[str, Field(pattern=NAME)]
    role: Role
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    created: Annotated[int, Field(ge=0)]


_FILE = TypeAdapter(list[_Kept])


class ApiKeys:
    """The keys of one site."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[tuple[int, int, int], list[ApiKey]] = (-1, -1, -1), []

    def all(self) -> list[ApiKey]:
        """All keys, by name. ApiKeyError if the file is damaged."""
        version = files.version(self._path)
        if version != self._read[0]:
            self._read = version, self._load()
        return self._read[1]

    def add(self, name: str, role: Role, now: int) -> str:
        """A new key, to be shown once and kept nowhere. ApiKeyError if the name is none, or has a key."""
        known = self.all()
        if any(key.name == name for key in known):
            raise ApiKeyError(f"{name} has a key already: one person has one; remove it first, or choose another name")
        text, kept = api_key.issue(name, role, secrets.token_bytes(api_key.SECRET_SIZE), now)
        try:
            _FILE.validate_python([asdict(kept)])
        except ValidationError:
            raise ApiKeyError(f"{name!r} is no name for a key: use 1 to 32 of a-z, 0-9 and -, not - first") from None
        self._write([*known, kept])
        return text

    def remove(self, name: str) -> None:
        """From now on the key of ``name`` is none. ApiKeyError if there is no such key."""
        rest = [key for key in self.all() if key.name != name]
        if len(rest) == len(self.all()):
            raise ApiKeyError(f"{name} has no key: {', '.join(key.name for key in rest) or 'nobody'} has")
        self._write(rest)

    def holder(self, text: str) -> ApiKey | None:
        """Whose key ``text`` is; None if nobody's. ApiKeyError if the file is damaged."""
        return api_key.holder(text, self.all())

    def _load(self) -> list[ApiKey]:
        try:
            kept = _FILE.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            raise ApiKeyError(f"{self._path} is damaged ({first['msg']}): restore it, or remove it and make new keys") from None
        return [ApiKey(one.name, one.role, one.digest, one.created) for one in kept]

    def _write(self, keys: Sequence[ApiKey]) -> None:
        ordered = sorted(keys, key=lambda key: key.name)
        files.write_secret(self._path, _FILE.dump_json([_Kept(**asdict(key)) for key in ordered], indent=2))
