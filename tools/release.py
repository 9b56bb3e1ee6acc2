"""Makes a release: the firmware of a checkout, compiled, in the archive that `skerry gateway update` takes.

    python -m tools.release TARGET ARCHIVE      for example: esp32 skerry-2.zip

The version is the one in ``firmware/version.py``. ``boot.py`` is in it for its record's format; it never selects from there.
"""

import re
import sys
from pathlib import Path

from gateway.adapters import releases
from gateway.core.release import Release

from . import mpy

_VERSION = re.compile(r"^VERSION = (\d+)$", re.MULTILINE)


def version(source: str) -> int:
    """The version that ``firmware/version.py`` with this ``source`` names. ValueError if it names none."""
    found = _VERSION.search(source)
    if found is None:
        raise ValueError("firmware/version.py: a line `VERSION = number` is expected")
    return int(found[1])


def release(target: str) -> Release:
    """The checkout's firmware for ``target`` hardware. Raises what ``mpy.compiled`` raises."""
    files = {path.as_posix(): content for path, content in mpy.application().items()}
    return Release(version((mpy.FIRMWARE / "version.py").read_text()), target, files)


if __name__ == "__main__":
    releases.write(Path(sys.argv[2]), release(sys.argv[1]))
