"""Files in the emulated board's heap: its MicroPython has no file system that can be written. Runs on the board."""

import io

import vfs


class _File(io.IOBase):
    def __init__(self, files, path, mode):
        self._files, self._path, self._writes = files, path, "w" in mode
        self._at = 0
        if self._writes:
            files[path] = b""

    def read(self, size):
        piece = self._files[self._path][self._at : self._at + size]
        self._at += len(piece)
        return piece

    def readinto(self, buffer):
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def write(self, data):
        self._files[self._path] += bytes(data)
        return len(data)

    def ioctl(self, _request, _argument):
        return 0

    def flush(self):
        pass

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Files:
    """What MicroPython expects of a file system; a folder is a path without content."""

    def __init__(self):
        self._files = {"": None}

    def mount(self, _readonly, _make):
        pass

    def open(self, path, mode):
        self._present(path if "w" not in mode else path.rpartition("/")[0])
        return _File(self._files, path.strip("/"), mode)

    def stat(self, path):
        size = self._present(path)
        return (0x4000 if size is None else 0x8000, 0, 0, 0, 0, 0, len(size or b""), 0, 0, 0)

    def mkdir(self, path):
        self._files[path.strip("/")] = None

    def ilistdir(self, path):
        path = path.strip("/")
        start = path + "/" if path else ""
        for name in list(self._files):
            if name.startswith(start) and name != path and "/" not in name[len(start) :]:
                yield name[len(start) :], self.stat(name)[0], 0

    def rename(self, old, new):
        self._files[new.strip("/")] = self._present(old)
        self.remove(old)

    def remove(self, path):
        self._present(path)
        self._files.pop(path.strip("/"))

    def _present(self, path):
        if path.strip("/") not in self._files:
            raise OSError(2)  # ENOENT
        return self._files[path.strip("/")]


vfs.mount(Files(), "/flash")
