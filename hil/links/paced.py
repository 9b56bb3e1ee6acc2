"""A serial bus that takes as long as a real one: no byte arrives before it could have crossed the line.

The meter's end is a pseudo-terminal, which hands a whole frame over at once. Here the frame occupies the line for the time of
its bytes, the device hears 3.5 characters of silence before it answers, and its answer comes as the line lets it. One thread
of its own keeps the pace: an event loop counts in milliseconds, a byte at 115,200 baud takes a tenth of one.
"""

import os
import select
import tty
from collections.abc import Callable, Sequence
from threading import Thread
from time import monotonic, sleep

from ..faults.bus import Piece
from .pty import FRAME_MAX

_PIECE_S = 0.0005  # as a port's buffer does: fast bytes are handed over several at a time
BITS = 11
"""A byte on the line: start, 8 data, parity or a second stop, stop (Modbus over Serial Line V1.02, section 2.5.1)."""


def silence_s(baud: int) -> float:
    """Seconds that part two frames: 3.5 characters, 1.75 ms above 19,200 baud (section 2.5.1.1)."""
    return 0.00175 if baud > 19_200 else 3.5 * BITS / baud


class PacedLine:
    """A bus at `baud`, on which `answer(request)` says what the devices reply.

    Attributes:
        bus: how a meter reaches it, as in rig.json.
        shortest_silence_s: the least silence that the meter left between the end of a reply and its next request.
        frames: how many requests crossed the line.

    Raises:
        OSError: the system has no pseudo-terminal left.
    """

    def __init__(self, baud: int, answer: Callable[[bytes], Sequence[Piece]]) -> None:
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self._stop_read, self._stop = os.pipe()
        self._answer = answer
        self._byte_s = BITS / baud
        self._silence_s = silence_s(baud)
        self.bus: dict[str, str | int] = {"kind": "rtu", "path": os.ttyname(self._far), "baud": baud}
        self.shortest_silence_s = float("inf")
        self.frames = 0
        self._thread = Thread(target=self._run, name="paced line")
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        os.write(self._stop, b".")
        self._thread.join()
        for descriptor in (self._near, self._far, self._stop, self._stop_read):
            os.close(descriptor)

    def _run(self) -> None:
        replied = 0.0
        while self._stop_read not in self._ready(None):
            begun = monotonic()
            if replied:
                self.shortest_silence_s = min(self.shortest_silence_s, begun - replied)
            request, ended = self._hear(begun)
            self.frames += 1
            replied, free = 0.0, ended + self._silence_s
            for piece in self._answer(request):
                replied = free = self._send(piece, free)

    def _hear(self, begun: float) -> tuple[bytes, float]:
        """A frame and when its last byte has crossed the line: it ends where 3.5 characters of silence follow."""
        frame, ended = b"", begun
        while True:
            if self._near in self._ready(max(0.0, ended + self._silence_s - monotonic()) if frame else None):
                part = os.read(self._near, FRAME_MAX)
                frame += part
                ended = max(ended, monotonic()) + len(part) * self._byte_s
            else:
                return frame, ended

    def _send(self, piece: Piece, begin: float) -> float:
        """Bring a piece to the meter, no byte before it has crossed the line; when that was for the last one."""
        begin += piece.delay_s
        sent, now = 0, begin
        while sent < len(piece.data):
            due = min(sent + 1 + int(_PIECE_S / self._byte_s), len(piece.data))
            sleep(max(0.0, begin + due * self._byte_s - monotonic()))
            now = monotonic()
            crossed = min(len(piece.data), int((now - begin) / self._byte_s))
            os.write(self._near, piece.data[sent:crossed])
            sent = max(sent, crossed)
        return now

    def _ready(self, timeout_s: float | None) -> list[int]:
        ready, _, _ = select.select([self._near, self._stop_read], [], [], timeout_s)
        return ready
