"""libfaketime, under which a process lives faster than the clock on the wall."""

from pathlib import Path

from tools.setup import apt
from tools.setup.system import SetupError

LIBRARIES = Path("/usr/lib")


def library(folder: Path = LIBRARIES) -> Path | None:
    """The library to preload; None if it is not installed. It is in no folder that the loader searches."""
    return next(iter(sorted(folder.glob("*/faketime/libfaketime.so.1"))), None)


def ensure() -> None:
    """Install it. Raises SetupError if it cannot be had."""
    if library() is None:
        apt.install(["libfaketime"])
    if library() is None:
        raise SetupError("the package libfaketime does not hold the library where it used to")
