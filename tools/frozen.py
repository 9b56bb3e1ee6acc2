"""MicroPython's unix port with the firmware frozen into it: as on a board, code is in the program, and the heap is for data."""

import fcntl
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools import mpy
from tools.setup import board

MANIFEST = """\
include("$(MPY_DIR)/extmod/asyncio")
package("firmware", files={files!r}, base_path={root!r})
module("tls.py", base_path={folder!r})
"""
NO_TLS = '"""Stands in for the module that is built of a library which the source package leaves out."""\n'


def interpreter(folder: Path, modules: Sequence[Path]) -> Path:
    """Build one into `folder`, with further modules frozen into it.

    Raises SetupError if it does not compile.
    """
    files = tuple(str(path.relative_to(mpy.FIRMWARE)) for path in mpy.sources())
    text = MANIFEST.format(files=files, root=str(mpy.ROOT), folder=str(folder))
    text += "".join(f"module({path.name!r}, base_path={str(path.parent)!r})\n" for path in modules)
    manifest = folder / "manifest.py"
    manifest.write_text(text, encoding="utf-8")
    (folder / "tls.py").write_text(NO_TLS, encoding="utf-8")
    port = board.home(mpy.ROOT / ".skerry") / "source" / "ports" / "unix"
    with (port / "lock").open("w") as lock:
        # whoever freezes at the same time would link our modules into theirs
        fcntl.flock(lock, fcntl.LOCK_EX)
        board.make(port, *board.UNIX, f"FROZEN_MANIFEST={manifest}")
        return Path(shutil.copy(port / "build-standard" / "micropython", folder))
