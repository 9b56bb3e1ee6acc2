"""A small disk of one's own, to be filled, shut and broken. It takes the right to mount: root's, or CAP_SYS_ADMIN."""

import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BALLAST = "ballast"
_PIECE = bytes(4096)
_IMAGE_MB = 24


class NoDisk(Exception):
    """Nothing can be mounted here. The message says why; run it as root, on a machine that lets root do so."""


class SmallDisk:
    """A file system at ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / _BALLAST).open("wb", 0) as ballast:
            try:
                while True:
                    ballast.write(_PIECE)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Make room again."""
        (self.folder / _BALLAST).unlink()

    def remount(self, option: str) -> None:
        """``ro``, ``rw``; or ``abort``, by which an ext4 behaves as after an error of its device."""
        _run("mount", "-o", f"remount,{option}", str(self.folder))


@contextmanager
def in_memory(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """A new tmpfs. NoDisk."""
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs"):
        yield SmallDisk(folder)


@contextmanager
def from_image(folder: Path, image: Path) -> Iterator[SmallDisk]:
    """The ext4 in ``image``, checked and mended as at a boot; a new one if there is none. NoDisk."""
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(_IMAGE_MB << 20)
        _run("mkfs.ext4", "-q", str(image))
    _run("e2fsck", "-p", str(image), mended=True)
    with _mounted(folder, "-o", "loop", str(image)):
        yield SmallDisk(folder)


@contextmanager
def _mounted(folder: Path, *what: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    _run("mount", *what, str(folder))
    try:
        yield
    finally:
        _run("umount", str(folder))


def _run(*command: str, mended: bool = False) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoDisk(f"{command[0]}: {error}") from None
    # e2fsck(8): 1 says that it has mended something
    if done.returncode > mended:
        raise NoDisk(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
