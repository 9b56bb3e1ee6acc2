"""Figures: those of benchmarks, each a program that prints lines of ``name value unit``, and those of a report, as JSON."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LINE = re.compile(r"[a-z][a-z0-9_]* -?\d+(\.\d+)?(e[+-]\d+)? \S+")
Command = tuple[str, ...]


class BenchError(Exception):
    """A benchmark failed, or printed something else than figures. The message says which, and ends with its last words."""


def figures(command: Command) -> list[str]:
    """The lines that a benchmark prints, run from the root. Raises BenchError."""
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-10:])
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)}: failed with status {done.returncode}:\n{words}")
    lines = done.stdout.splitlines()
    if not lines or not all(LINE.fullmatch(line) for line in lines):
        raise BenchError(f"{' '.join(command)}: prints something else than `name value unit`:\n{words}")
    return lines


def write_json(document: dict[str, Any], target: str) -> None:
    """Write a report's figures to the file ``target``, or to stdout for ``-``."""
    text = json.dumps(document, indent=1)
    if target == "-":
        print(text)
    else:
        Path(target).write_text(text + "\n")


def print_all(benches: tuple[Command, ...]) -> int:
    """Run all, also after one has failed; return the exit status."""
    failed = 0
    for command in benches:
        try:
            print(*figures(command), sep="\n", flush=True)
        except BenchError as error:
            failed = 1
            print(error, file=sys.stderr, flush=True)
    return failed
