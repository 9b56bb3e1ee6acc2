"""An installation, run on a board: what differs is written, and checked where it lies."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

from ..board import BoardError
from .plan import FACTORY, MAIN, SLOT_ENTRY, Place, Remove, Write, digest, place_for, plan

_PIECE = 768
_AGENT = (files(__package__) / "on_board.py").read_text(encoding="ascii")

Progress = Callable[[int, int], None]
"""progress(done, total): bytes that were written."""


class Reached(Protocol):
    """What an installation needs of a board."""

    def run(self, code: str) -> str:
        """What the code prints there. BoardError."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was done: in which place, how many files and bytes were written, how many were right already.

    `starts` is whether it runs from the next start on, not yet now.
    """

    place: str
    written: int
    size: int
    kept: int
    starts: bool


def install(
    board: Reached, application: Mapping[str, bytes], main: bytes, version: int, progress: Progress, root: str = ""
) -> Installed:
    """Bring an application on a board; nothing is written to one that runs it already.

    Args:
        application: content of each file by its path, as in a slot.
        main: the board's main.py, which starts the selector.
        version: of the application, 1..
        root: the path below which the board's files lie.

    Raises BoardError; the same call then finishes what is half done.
    """
    prepare(board)
    has_factory = MAIN in _survey(board, root, MAIN)
    running, trial = _record(board, root) if has_factory else ("", "")
    if has_factory and not plan(_present(board, root, _at(trial or running)), application, SLOT_ENTRY):
        return Installed(trial or running or FACTORY, 0, 0, len(application), bool(trial))
    if trial:
        raise BoardError("another application is on trial on this board. Let it run until it has confirmed itself, or failed")
    place = place_for(has_factory, running)
    wanted = dict(application) if has_factory else {**application, MAIN: main}
    steps = plan(_present(board, root, place.folder), wanted, place.entry)
    _carry_out(board, f"{root}/{place.folder}", steps, progress)
    if place.name != FACTORY:
        board.run(f"try_slot({root!r}, {place.name!r}, {version})")
    return _installed(place, wanted, steps)


def prepare(board: Reached) -> None:
    """Give the board what `send` needs. BoardError."""
    board.run(_AGENT)


def send(board: Reached, path: str, content: bytes) -> Iterator[int]:
    """Write a file, wholly or not at all, and see by hash that it is there; yields the size of each piece. BoardError."""
    board.run(f"begin({path!r})")
    for start in range(0, len(content), _PIECE):
        piece = content[start : start + _PIECE]
        board.run(f"put({base64.b64encode(piece)!r})")
        yield len(piece)
    board.run(f"finish({digest(content)!r})")


def _at(slot: str) -> str:
    return f"slots/{slot}/" if slot else ""


def _installed(place: Place, wanted: Mapping[str, bytes], steps: list[Remove | Write]) -> Installed:
    written = [step.content for step in steps if isinstance(step, Write)]
    return Installed(place.name, len(written), sum(map(len, written)), len(wanted) - len(written), True)


def _record(board: Reached, root: str) -> tuple[str, str]:
    """The slot that runs and the one on trial, "" for none."""
    running, trial = board.run(f"found = record({root!r})\nprint(found.slot)\nprint(found.trial)").splitlines()
    return running, trial


def _present(board: Reached, root: str, folder: str) -> dict[str, str]:
    """The hashes of an application in a folder; of the root only what belongs to one."""
    if folder:
        found = _survey(board, root, folder.rstrip("/"))
        return {path.removeprefix(folder): digest for path, digest in found.items()}
    return _survey(board, root, "firmware")


def _survey(board: Reached, root: str, path: str) -> dict[str, str]:
    lines = board.run(f"feed()\nsurvey({root!r}, {path!r})").splitlines()
    return {path: digest for digest, _, path in (line.partition(" ") for line in lines)}


def _carry_out(board: Reached, folder: str, steps: list[Remove | Write], progress: Progress) -> None:
    total = sum(len(step.content) for step in steps if isinstance(step, Write))
    done = 0
    for step in steps:
        if isinstance(step, Remove):
            board.run(f"os.remove({folder + step.path!r})")
            continue
        for size in send(board, folder + step.path, step.content):
            done += size
            progress(done, total)
