"""Chromium for the dashboard's test, at `.skerry/bin/chromium`."""

from pathlib import Path

from tools.setup import apt
from tools.setup.system import SetupError, as_root, run, say, which

LOCATE = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"


def _packaged() -> str | None:
    """The distribution's Chromium, installed if need be; None on Ubuntu, whose package is an empty shell around a snap."""
    program = which("chromium")
    if program and not program.startswith("/snap/"):
        return program
    if apt.candidate("chromium") is None and as_root() is not None:
        apt.update()
    if apt.candidate("chromium") is None:
        return None
    apt.install(["chromium"])
    return which("chromium")


def _fetched(python: Path) -> str:
    """Playwright's own build of Chromium, with the libraries it needs."""
    say("fetching Playwright's Chromium, and installing the libraries it needs (this distribution has only a snap)")
    try:
        # Playwright's own program needs it before it can install the others.
        apt.install(["libatomic1"])
        run([str(python), "-m", "playwright", "install", "--with-deps", "chromium"])
        return run([str(python), "-c", LOCATE]).strip()
    except SetupError as error:
        raise SetupError(f"Chromium cannot be had here, neither as a package nor from Playwright: {error}") from error


def ensure(folder: Path, python: Path) -> None:
    """Leave a Chromium at `folder/bin/chromium`. Raises SetupError if none can be had."""
    link = folder / "bin" / "chromium"
    if link.exists():
        return
    program = _packaged() or _fetched(python)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(program)
