"""What the emulated board's ROM holds: the application, the portable tests and the files that they read, as on disk."""

from pathlib import Path

from mpremote.romfs import VfsRomWriter

from tools import mpy

DATA = ("firmware/maps", "tests/vectors")
TESTS = mpy.ROOT / "tests" / "portable"
CPYTHON_ONLY = TESTS / "test_on_micropython.py"
FILES = sorted(path for path in TESTS.glob("test_*.py") if path != CPYTHON_ONLY)


def files() -> dict[Path, bytes]:
    """Every file by its path from the root, Python compiled."""
    sources = [*mpy.FIRMWARE.rglob("*.py"), TESTS / "run.py", *FILES]
    compiled = {path.relative_to(mpy.ROOT).with_suffix(".mpy"): mpy.compile(path) for path in sources}
    data = [path for folder in DATA for path in (mpy.ROOT / folder).glob("*.json")]
    return {**compiled, **{path.relative_to(mpy.ROOT): path.read_bytes() for path in data}}


def image() -> bytes:
    """The files in MicroPython's ROM file system, from which code runs in place."""
    rom = VfsRomWriter()
    _put(rom, {path.parts: content for path, content in files().items()})
    return bytes(rom.finalise())


def _put(rom: VfsRomWriter, tree: dict[tuple[str, ...], bytes]) -> None:
    for name in sorted({parts[0] for parts in tree}):
        inner = {parts[1:]: content for parts, content in tree.items() if parts[0] == name}
        if () in inner:
            rom.mkfile(name, inner[()])
        else:
            rom.opendir(name)
            _put(rom, inner)
            rom.closedir()
