"""The virtual environment, from requirements locked by hash."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.setup import apt
from tools.setup.system import SetupError, run, say

FLAVOURS = {"run": ("requirements.txt",), "test": ("requirements-dev.txt", "requirements-stubs.txt")}


def digest(root: Path, files: Sequence[str]) -> str:
    """Tells one set-up from another: the locks, the project's metadata, the place and the Python."""
    hashed = hashlib.sha256(f"{root}\n{sys.version}\n".encode())
    for name in ("pyproject.toml", *files):
        hashed.update((root / name).read_bytes())
    return hashed.hexdigest()


def _works(python: Path, root: Path) -> bool:
    """Whether the environment runs and is still where it was made: its scripts name their interpreter by full path."""
    try:
        done = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], check=False, capture_output=True, text=True)
        script = (python.parent / "pip").read_text(encoding="utf-8")
    except OSError:
        return False
    return done.stdout.strip() == str(root / ".venv") and f"{root}/.venv/" in script


def _create(root: Path) -> None:
    try:
        run([sys.executable, "-c", "import ensurepip"])
    except SetupError:
        apt.install(["python3-venv"])
    say(f"making the virtual environment .venv with Python {sys.version.split()[0]}")
    run([sys.executable, "-m", "venv", "--clear", str(root / ".venv")])


def ensure(root: Path, flavour: str) -> None:
    """Leave the flavour's locked packages and skerry itself in `.venv`; the test flavour holds all that running needs.

    Raises SetupError if Python cannot make environments or a package cannot be had.
    """
    stamps = {name: root / ".venv" / f"skerry-{name}.stamp" for name in FLAVOURS}
    python = root / ".venv" / "bin" / "python"
    if not _works(python, root):
        _create(root)
    sufficient = ("test",) if flavour == "test" else ("run", "test")
    for name in sufficient:
        if stamps[name].is_file() and stamps[name].read_text(encoding="utf-8") == digest(root, FLAVOURS[name]):
            return
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    lock, *stubs = FLAVOURS[flavour]
    say(f"installing the Python packages of {lock} into .venv, each checked against its hash (a few minutes at first)")
    run([*pip, "--require-hashes", "--requirement", str(root / lock)])
    for other in stubs:
        # Apart from the environment: mypy is to see MicroPython's modules for the firmware and for nothing else.
        run([*pip, "--require-hashes", "--upgrade", "--target", str(root / ".venv" / "stubs"), "-r", str(root / other)])
    run([*pip, "--no-index", "--no-deps", "--no-build-isolation", "--editable", str(root)])
    stamps[flavour].write_text(digest(root, FLAVOURS[flavour]), encoding="utf-8")
