"""libfaketime, under which processes live faster than the clock on the wall. Standard library only: set-up uses it, too."""

from pathlib import Path

LIBRARIES = Path("/usr/lib")
SHARED = Path("/dev/shm")  # noqa: S108 - where the C library keeps shared memory and semaphores


def library(folder: Path = LIBRARIES) -> Path | None:
    """The library to preload; None if it is not installed. It is in no folder that the loader searches."""
    return next(iter(sorted(folder.glob("*/faketime/libfaketime.so.1"))), None)


def environment(told: Path) -> dict[str, str]:
    """For a program whose date follows what the file ``told`` says at any time; its monotonic clock does not.

    FileNotFoundError if the library is not installed.
    """
    found = library()
    if found is None:
        raise FileNotFoundError("there is no libfaketime here: `make setup-test` brings it")
    never_kept = {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    return {"LD_PRELOAD": str(found), "FAKETIME_TIMESTAMP_FILE": str(told), **never_kept}


def clean_up(pid: int, folder: Path = SHARED) -> None:
    """Remove what the library shares with the children of a process, now dead, that was killed and could not do so itself."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        (folder / name).unlink(missing_ok=True)
