"""What stands for a board: MicroPython for QEMU's MPS2 AN385, and a unix port to freeze the firmware into.

Built once, from the distribution's source, into `.skerry/board/RELEASE`, where RELEASE is the release whose MicroPython it is:
`firmware.elf` for the emulator, `mpy-cross`, and `source`, in which the unix port is compiled.
"""

import os
import shutil
import sys
from pathlib import Path

from tools.setup import apt, distribution, private_apt
from tools.setup.system import SetupError, run, say, which

BOARD = "MPS2_AN385"
EMULATOR = "qemu-system-arm"
# newlib has the headers; nothing of it is linked
NEEDED = {
    "arm-none-eabi-gcc": ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi"),
    "gcc": ("gcc", "libc6-dev"),
    "make": ("make",),
    "pkg-config": ("pkg-config",),
    EMULATOR: (EMULATOR,),
}
INCLUDES = Path("/usr/include")
# what the source package leaves out, or libraries of ours would have to be installed for
UNIX = ("VARIANT=standard", "MICROPY_PY_SSL=0", "MICROPY_PY_BTREE=0")


def home(folder: Path) -> Path:
    """Where `firmware.elf` and `mpy-cross` are, once they are built."""
    return folder / "board" / distribution.here().release


def is_built(folder: Path) -> bool:
    """Whether the board can be started."""
    place = home(folder)
    return all((place / name).exists() for name in ("firmware.elf", "mpy-cross", "source")) and which(EMULATOR) is not None


def make(folder: Path, *settings: str) -> None:
    """Build what is in the folder. Raises SetupError if it does not compile."""
    run(["make", f"--jobs={os.cpu_count() or 1}", f"PYTHON={sys.executable}", *settings], folder)


def _install() -> None:
    missing = [package for program, packages in NEEDED.items() if which(program) is None for package in packages]
    if not any(INCLUDES.glob("*/ffi.h")):
        missing.append("libffi-dev")
    if missing:
        apt.install(missing)


def _source(workshop: Path) -> Path:
    """The unpacked source of MicroPython."""
    later = distribution.here()
    say(f"fetching MicroPython's source from {later.origin} {later.release}")
    private = private_apt.PrivateApt(workshop / "apt")
    private.use(later, private_apt.SOURCES)
    shutil.unpack_archive(private.source("micropython", workshop), workshop / "source")
    (tree,) = (workshop / "source").iterdir()
    return tree


def _build(tree: Path, place: Path) -> None:
    say(f"building MicroPython's compiler, its unix port and the emulated board {BOARD} in {place} (a minute)")
    # its presence is all that is asked for
    (tree / "lib" / "micropython-lib").mkdir(exist_ok=True)
    (tree / "lib" / "micropython-lib" / "README.md").touch()
    make(tree / "mpy-cross")
    make(tree / "ports" / "qemu", f"BOARD={BOARD}", "FROZEN_MANIFEST=")
    make(tree / "ports" / "unix", *UNIX, f"FROZEN_MANIFEST={tree / 'extmod' / 'asyncio' / 'manifest.py'}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copy(tree / "mpy-cross" / "build" / "mpy-cross", place)
    shutil.copy(tree / "ports" / "qemu" / f"build-{BOARD}" / "firmware.elf", place)
    shutil.move(tree, place / "source")


def ensure(folder: Path) -> None:
    """Leave all that stands for a board, or say that its tests are left out, and why."""
    if is_built(folder):
        return
    workshop = folder / "board" / "workshop"
    shutil.rmtree(workshop, ignore_errors=True)
    try:
        _install()
        workshop.mkdir(parents=True)
        _build(_source(workshop), home(folder))
    except SetupError as error:
        say(f"nothing stands for a board, so its tests are left out: {error}")
    shutil.rmtree(workshop, ignore_errors=True)
