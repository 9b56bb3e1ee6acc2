"""What has to be done on a board so that a place holds an application, and nothing starts it before it is whole. No I/O."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

FACTORY = "factory"
MAIN = "main.py"
SLOT_ENTRY = "firmware/main.mpy"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an application goes.

    `name` is "factory" or a slot; `folder` is its path from the board's root with a slash at its end, "" for the root; `entry`
    is the file without which nothing starts it.
    """

    name: str
    folder: str
    entry: str


@dataclass(frozen=True, slots=True)
class Remove:
    """A file that has to go."""

    path: str


@dataclass(frozen=True, slots=True)
class Write:
    """A file that has to come."""

    path: str
    content: bytes


def place_for(has_factory: bool, running: str) -> Place:
    """Where to install: on a board without a whole factory application there, else in the slot that does not run.

    `running` is the slot that runs, "" for factory.
    """
    if not has_factory:
        return Place(FACTORY, "", MAIN)
    slot = "b" if running == "a" else "a"
    return Place(slot, f"slots/{slot}/", SLOT_ENTRY)


def plan(present: Mapping[str, str], wanted: Mapping[str, bytes], entry: str) -> list[Remove | Write]:
    """The steps, in this order: the entry goes first and comes last, so half an application is never started.

    Args:
        present: SHA-256 in hexadecimal of each file that is there.
        wanted: content of each file that shall be there.
        entry: one of the wanted.
    """
    differing = [path for path in sorted(wanted) if present.get(path) != digest(wanted[path])]
    extra = [path for path in sorted(present) if path not in wanted]
    if not differing and not extra:
        return []
    removed = [Remove(path) for path in [entry, *extra] if path in present]
    written = [Write(path, wanted[path]) for path in differing if path != entry]
    return [*removed, *written, Write(entry, wanted[entry])]


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
