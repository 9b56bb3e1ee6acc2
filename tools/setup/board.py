"""An emulated 32-bit board: MicroPython for QEMU's MPS2 AN385, built from the distribution's source, and its mpy-cross.

Built once into `.skerry/board/RELEASE`, where RELEASE is the release of the distribution whose MicroPython it is.
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
    EMULATOR: (EMULATOR,),
}


def home(folder: Path) -> Path:
    """Where `firmware.elf` and `mpy-cross` are, once they are built."""
    return folder / "board" / distribution.here().release


def is_built(folder: Path) -> bool:
    """Whether the board can be started."""
    place = home(folder)
    return (place / "firmware.elf").is_file() and (place / "mpy-cross").is_file() and which(EMULATOR) is not None


def _install() -> None:
    missing = [package for program, packages in NEEDED.items() if which(program) is None for package in packages]
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
    say(f"building MicroPython for the emulated board {BOARD} and its compiler into {place} (half a minute)")
    make = ["make", f"--jobs={os.cpu_count() or 1}", f"PYTHON={sys.executable}", f"BOARD={BOARD}", "FROZEN_MANIFEST="]
    run(make, tree / "mpy-cross")
    run(make, tree / "ports" / "qemu")
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(tree / "mpy-cross" / "build" / "mpy-cross", place)
    shutil.copy(tree / "ports" / "qemu" / f"build-{BOARD}" / "firmware.elf", place)


def ensure(folder: Path) -> None:
    """Leave the board's firmware, its compiler and the emulator, or say that the board's tests are left out, and why."""
    if is_built(folder):
        return
    workshop = folder / "board" / "workshop"
    shutil.rmtree(workshop, ignore_errors=True)
    try:
        _install()
        workshop.mkdir(parents=True)
        _build(_source(workshop), home(folder))
    except SetupError as error:
        say(f"no emulated board, so its tests are left out: {error}")
    shutil.rmtree(workshop, ignore_errors=True)
