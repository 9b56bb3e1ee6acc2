"""On which line of a TOML document something is said. tomllib itself is asked: there is no second reading of the language."""

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line, counted from 1, on which the statement begins that first says what `path` leads to.

    Parts of the path that the document does not hold, such as a missing key, are left out; of an empty path it is line 1.
    """
    known = existing(tomllib.loads(text), path)
    if not known:
        return 1
    whole, lines = 0, text.splitlines(keepends=True)
    for count in range(1, len(lines) + 1):
        try:
            so_far = tomllib.loads("".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue  # inside a statement of several lines
        if existing(so_far, known) == known:
            return whole + 1
        whole = count
    return 1


def existing(document: Any, path: Sequence[str | int]) -> list[str | int]:
    """The parts of `path` that lead somewhere in `document`."""
    found: list[str | int] = []
    for part in path:
        if isinstance(part, str) == isinstance(document, dict):
            try:
                document = document[part]
            except (KeyError, IndexError, TypeError):
                continue
            found.append(part)
    return found
