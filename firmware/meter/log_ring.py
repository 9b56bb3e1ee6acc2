"""The last lines that the meter said, for whoever asks later."""

SIZE = 4096  # bytes


class LogRing:
    """The newest whole lines of a log, in a buffer that is allocated once and never grows."""

    def __init__(self, size: int = SIZE) -> None:
        """``size``: bytes of the buffer."""
        self._buffer = bytearray(size)
        self._end = 0  # all bytes ever written

    def add(self, line: str) -> None:
        """Take a line, without its newline. What is longer than the buffer loses its beginning."""
        size = len(self._buffer)
        data = (line + "\n").encode()[-size:]
        start = self._end % size
        first = min(len(data), size - start)
        self._buffer[start : start + first] = data[:first]
        self._buffer[: len(data) - first] = data[first:]
        self._end += len(data)

    def read(self) -> bytes:
        """The lines, oldest first, each with its newline. The first one is whole unless it alone fills the buffer."""
        size = len(self._buffer)
        if self._end <= size:
            return bytes(self._buffer[: self._end])
        start = self._end % size
        data = bytes(self._buffer[start:]) + bytes(self._buffer[:start])
        return data[data.find(b"\n", 0, -1) + 1 :]
