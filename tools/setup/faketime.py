"""libfaketime, under which a process lives faster than the clock on the wall."""

from hil.bench.faketime import library
from tools.setup import apt
from tools.setup.system import SetupError


def ensure() -> None:
    """Install it. Raises SetupError if it cannot be had."""
    if library() is None:
        apt.install(["libfaketime"])
    if library() is None:
        raise SetupError("the package libfaketime does not hold the library where it used to")
