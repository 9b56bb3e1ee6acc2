"""libfaketime, under which processes live faster than the clock on the wall. Standard library only: set-up uses it, too."""

from pathlib import Path

LIBRARIES = Path("/usr/lib")
SHARED = Path("/dev/shm")  # noqa: S108 - where the C library keeps shared memory and semaphores


def library(folder: Path = LIBRARIES) -> Path | None:
    """The library to preload; None if it is not installed. It is in no folder that the loader searches."""
    return next(iter(sorted(folder.glob("*/faketime/libfaketime.so.1"))), None)


def clean_up(pid: int, folder: Path = SHARED) -> None:
    """Remove what the library shares with the children of a process, now dead, that was killed and could not do so itself."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        (folder / name).unlink(missing_ok=True)
