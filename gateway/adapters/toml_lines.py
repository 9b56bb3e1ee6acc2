"""On which line a TOML file has a key: its parsers do not tell."""

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def line_of(text: str, path: Sequence[int | str]) -> int | None:
    """The line of the key or table that ``path`` names; else of the nearest one around it; None if there is none.

    Tables are expected under headers of their own, as `skerry gateway init` writes them.
    """
    lines = _lines(text)
    names = [str(part) for part in path]
    return next((lines[name] for end in range(len(names), 0, -1) if (name := ".".join(names[:end])) in lines), None)


def _lines(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            table = header[1]
            lines[table] = number
        elif key := _KEY.match(line):
            lines[f"{table}.{key[1]}" if table else key[1]] = number
    return lines
