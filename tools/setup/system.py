"""Commands, root's rights and what the person at the terminal reads."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class SetupError(Exception):
    """Something skerry needs cannot be had on this machine; the message says what to do about it."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"skerry setup: {text}", flush=True)


def which(program: str) -> str | None:
    """The program's path, also in the sbin folders that a plain user's PATH leaves out on Debian."""
    return shutil.which(program, path=SEARCH_PATH)


def run(command: Sequence[str], cwd: Path | None = None) -> str:
    """Run a command in the C locale, without input, and return what it wrote to standard output.

    Raises SetupError with the command and its last lines if it cannot start or fails.
    """
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, check=False, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except OSError as error:
        raise SetupError(f"`{command[0]}` does not start: {error.strerror}") from error
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise SetupError(f"`{' '.join(command)}` failed with status {done.returncode}:\n{last}")
    return done.stdout


@functools.cache
def as_root() -> tuple[str, ...] | None:
    """The words that make a command run as root: none for root itself, None if nobody lets us."""
    if os.geteuid() == 0:
        return ()
    if which("sudo") is None:
        return None
    try:
        run(["sudo", "-n", "true"])
    except SetupError:
        return _with_password()
    return ("sudo",)


def _with_password() -> tuple[str, ...] | None:
    """sudo after it asked the person at the terminal, if there is one."""
    if not sys.stdin.isatty():
        return None
    say("sudo asks for your password, to install packages of the distribution")
    return ("sudo",) if subprocess.run(["sudo", "-v"], check=False).returncode == 0 else None
