"""The slot that does not run: where an update is written, piece by piece, and read back to be believed.

A slot is a folder: ``manifest``, ``list``, and the files that the list names. The manifest comes first and goes first, so a
slot with a manifest holds nothing but that update's files, whole or begun. Works on any file system that MicroPython mounts;
a power cut at any moment leaves less of a file than was written, or bytes that its hash will not match.
"""

import errno
import hashlib
import os

LIST = "list"
_FOLDER = 0x4000  # st_mode of a directory
_PIECE = 1024
_MANIFEST = "manifest"


class Slot:
    """One slot."""

    def __init__(self, folder: str, name: str) -> None:
        """``folder``: where the slots are; ``name``: "a" or "b"."""
        self.name = name
        self._folder = folder
        self._path = f"{folder}/{name}"

    def begin(self, manifest: bytes) -> None:
        """Empty the slot and put ``manifest`` there."""
        self.forget()
        _remove(self._path)
        self._make_folders(self._path + "/")
        with open(f"{self._path}/new", "wb") as file:
            file.write(manifest)
            file.flush()
        os.rename(f"{self._path}/new", f"{self._path}/{_MANIFEST}")

    def forget(self) -> None:
        """Remove the manifest, and with it the meaning of what else is there."""
        _remove(f"{self._path}/{_MANIFEST}")

    def manifest(self) -> "bytes | None":
        """The manifest that the slot was begun with, None if it was not."""
        try:
            with open(f"{self._path}/{_MANIFEST}", "rb") as file:
                return file.read()
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return None

    def size(self, path: str) -> int:
        """Bytes of ``path`` that are there; -1 if it is not there at all."""
        try:
            return os.stat(f"{self._path}/{path}")[6]
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return -1

    def append(self, path: str, data: bytes) -> None:
        """Add ``data`` to the end of ``path``; it is on the medium when this returns."""
        self._make_folders(f"{self._path}/{path}")
        with open(f"{self._path}/{path}", "ab") as file:
            file.write(data)
            file.flush()

    def discard(self, path: str) -> None:
        """Remove ``path``, if it is there."""
        _remove(f"{self._path}/{path}")

    def read(self, path: str, start: int, size: int) -> bytes:
        """At most ``size`` bytes of ``path`` from byte ``start``."""
        with open(f"{self._path}/{path}", "rb") as file:
            file.seek(start)
            return file.read(size)

    def sha256(self, path: str) -> bytes:
        """The hash of what the medium holds as ``path``."""
        digest = hashlib.sha256()
        with open(f"{self._path}/{path}", "rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        return digest.digest()

    def _make_folders(self, path: str) -> None:
        """Make what is missing between the slots' folder and ``path``."""
        at = path.find("/", len(self._folder) + 1)
        while at != -1:
            try:
                os.mkdir(path[:at])
            except OSError as error:
                if error.errno != errno.EEXIST:
                    raise
            at = path.find("/", at + 1)


def _remove(path: str) -> None:
    """Remove a file, or a folder with all that is in it; nothing happens if it is not there."""
    try:
        mode = os.stat(path)[0]
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise
        return
    if mode & _FOLDER:
        for name in os.listdir(path):
            _remove(f"{path}/{name}")
        os.rmdir(path)
    else:
        os.remove(path)
