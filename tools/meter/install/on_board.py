"""What runs on the board while it is installed: sent there as text, in MicroPython and CPython alike.

Each file is written beside its place, hashed as the medium gives it back, and renamed: a cable that is pulled leaves the old
file or the new one.
"""

import binascii
import hashlib
import os
import sys

_FOLDER = 0x4000  # st_mode of a directory
_PIECE = 512


class _Begun:
    """The file that is being written."""

    file = None
    path = ""


def feed() -> None:
    """Feed the watchdog that a meter has left running, where there is one: it outlives the meter's program."""
    try:
        import machine  # noqa: PLC0415 - of boards only

        machine.WDT(timeout=60_000).feed()
    except (ImportError, AttributeError):
        pass


def sha256(path: str) -> str:
    """The hash of what the medium holds, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return binascii.hexlify(digest.digest()).decode()


def survey(root: str, path: str) -> None:
    """Print hash and path of each file at ``path`` below ``root``."""
    try:
        mode = os.stat(root + "/" + path)[0]
    except OSError:
        return
    if mode & _FOLDER:
        for name in os.listdir(root + "/" + path):
            survey(root, path + "/" + name)
    else:
        print(sha256(root + "/" + path), path)


def begin(path: str) -> None:
    """Begin to write a file, and make the folders that it needs."""
    feed()
    at = path.find("/", 1)
    while at != -1:
        _make_folder(path[:at])
        at = path.find("/", at + 1)
    _Begun.file = open(path + ".new", "wb")  # noqa: SIM115 - it stays open from one message to the next
    _Begun.path = path


def _make_folder(path: str) -> None:
    try:
        os.stat(path)
    except OSError:
        os.mkdir(path)


def put(piece: bytes) -> None:
    """Add a piece, in base 64."""
    _Begun.file.write(binascii.a2b_base64(piece))


def finish(digest: str) -> None:
    """Put the file in its place, if the medium gives back what was sent."""
    path = _Begun.path
    _Begun.file.close()
    if sha256(path + ".new") != digest:
        raise OSError("the flash gives back something else than was written: " + path)
    try:
        os.rename(path + ".new", path)
    except OSError:
        os.remove(path)  # a FAT file system replaces nothing
        os.rename(path + ".new", path)


def record(root: str) -> "object":
    """The boot selector's record, of the application that the board has."""
    sys.path.insert(0, root + "/firmware")
    try:
        from boot import Record  # noqa: PLC0415 - the path has just been set
    finally:
        sys.path.pop(0)
    return Record(root + "/slots")


def try_slot(root: str, slot: str, version: int) -> None:
    """Have the next start be of ``slot``."""
    found = record(root)
    found.begin_trial(slot, version)
    found.save()
