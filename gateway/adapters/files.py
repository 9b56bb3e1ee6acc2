"""Files that survive a power cut: whole or not at all, and readable by nobody else where they hold a secret."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put ``data`` at ``path`` in one step: a reader sees the old file or the new one."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_directory(path.parent)


def write_secret(path: Path, data: bytes) -> None:
    """Like ``write``, for the owner's eyes only, in a directory of the same kind."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write(path, data, 0o600)


def move(path: Path, directory: Path) -> None:
    """Take ``path`` into ``directory``, over a namesake there."""
    directory.mkdir(exist_ok=True)
    path.replace(directory / path.name)
    _sync_directory(directory)


def version(path: Path) -> tuple[int, int, int]:
    """Differs from before when ``write`` has been there; zeros without a file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_ino, found.st_size


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Hold the lock file at ``path``. BlockingIOError if another process has it and ``wait`` is false."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
