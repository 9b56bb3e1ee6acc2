"""ROM images: read-only file systems from which MicroPython runs bytecode in place, without a copy in the heap."""

from collections.abc import Mapping
from pathlib import Path

from mpremote.romfs import VfsRomWriter


def image(files: Mapping[Path, bytes]) -> bytes:
    """The image that holds the files, each under its relative path."""
    rom = VfsRomWriter()
    _put(rom, {path.parts: content for path, content in files.items()})
    return bytes(rom.finalise())


def _put(rom: VfsRomWriter, tree: Mapping[tuple[str, ...], bytes]) -> None:
    for name in sorted({parts[0] for parts in tree}):
        inner = {parts[1:]: content for parts, content in tree.items() if parts[0] == name}
        if () in inner:
            rom.mkfile(name, inner[()])
        else:
            rom.opendir(name)
            _put(rom, inner)
            rom.closedir()
