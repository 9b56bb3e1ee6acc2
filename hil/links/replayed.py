"""A bus on which everybody answers as in the log of `skerry meter scan` (`tools/meter/scan/frame_log.py` tells its format)."""

import json
from collections import deque
from pathlib import Path

from ..faults.bus import Piece


class ReplayedBus:
    """The devices of one line of a log: the same request gets the same answers in the same order, and the last one for good."""

    def __init__(self, log: Path, line: str) -> None:
        """`line` is the setting, as "9600 8N1"; what was tried in other settings is left out."""
        self._answers: dict[bytes, deque[bytes]] = {}
        for exchange in map(json.loads, log.read_text(encoding="ascii").splitlines()[1:]):
            if exchange["line"] == line:
                answers = self._answers.setdefault(bytes.fromhex(exchange["sent"]), deque())
                answers.append(bytes.fromhex(exchange["heard"]))

    def answer(self, request: bytes) -> list[Piece]:
        """What the bus hears after `request`; nothing after one that is not in the log."""
        answers = self._answers.get(request, deque([b""]))
        heard = answers.popleft() if len(answers) > 1 else answers[0]
        return [Piece(heard)] if heard else []
