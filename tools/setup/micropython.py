"""A MicroPython >= 1.25 interpreter at `.skerry/bin/micropython`."""

import re
import shutil
import subprocess
from pathlib import Path

from tools.setup import apt, distribution
from tools.setup.private_apt import PrivateApt
from tools.setup.system import SetupError, as_root, say, which

MINIMUM = (1, 25)
WRAPPER = """\
#!/bin/sh
exec '{loader}' --library-path '{libraries}' '{program}' "$@"
"""


def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor of a Debian version or of a printed `sys.implementation.version`; None if there is none."""
    found = re.match(r"\(?(?:\d+:)?(\d+)(?:\.|, )(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def version(interpreter: Path) -> tuple[int, int] | None:
    """What the interpreter says of itself, or None if it does not run or is no MicroPython."""
    program = "import sys; print(sys.implementation.version)"  # a plain tuple in MicroPython alone
    try:
        done = subprocess.run([interpreter, "-c", program], check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_version(done.stdout)


def wrapper(prefix: Path) -> str:
    """A shell script that starts the prefix's MicroPython through the prefix's own loader and C library."""
    loaders = sorted(prefix.glob("usr/lib/*/ld-linux*.so.*"))
    program = prefix / "usr" / "bin" / "micropython"
    if not loaders or not program.is_file():
        raise SetupError(f"the packages unpacked in {prefix} hold no MicroPython with its loader")
    return WRAPPER.format(loader=loaders[0], libraries=loaders[0].parent, program=program)


def _usable(interpreter: str | Path | None) -> bool:
    found = version(Path(interpreter)) if interpreter else None
    return found is not None and found >= MINIMUM


def _installed() -> str | None:
    """A good enough interpreter of the machine's own, installed if its distribution has one and lets us."""
    interpreter = which("micropython")
    if not _usable(interpreter) and as_root() is not None:
        offered = parse_version(apt.candidate("micropython") or "")
        if offered is not None and offered >= MINIMUM:
            apt.install(["micropython"])
            interpreter = which("micropython")
    return interpreter if _usable(interpreter) else None


def _fetch(prefix: Path) -> None:
    """Unpack a later release's MicroPython, with its libraries, into the prefix."""
    later = distribution.here()
    say(f"fetching MicroPython with its libraries from {later.origin} {later.release} into {prefix} (nothing is installed)")
    shutil.rmtree(prefix, ignore_errors=True)
    private = PrivateApt(prefix.with_name("apt"))
    private.use(later)
    private.unpack(["micropython"], prefix)
    private.remove()


def ensure(folder: Path) -> None:
    """Leave a working interpreter at `folder/bin/micropython`, fetching it where the machine has none.

    Raises SetupError if none can be had.
    """
    link = folder / "bin" / "micropython"
    if _usable(link):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    installed = _installed()
    if installed is not None:
        link.symlink_to(installed)
        return
    prefix = folder / "micropython"
    _fetch(prefix)
    link.write_text(wrapper(prefix), encoding="utf-8")
    link.chmod(0o755)
    if not _usable(link):
        raise SetupError(f"the MicroPython fetched into {prefix} does not run here or is older than 1.25")
