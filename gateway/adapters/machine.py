"""What the computer says of itself: room on its disk, and what keeps its clock right."""

import ctypes
import os
import struct
from pathlib import Path

_TIMEX = "IqqqqiqqQ"  # struct timex up to tick: modes, offset, freq, maxerror, esterror, status, constant, precision, tolerance
_MAX_ERROR, _STATUS = 3, 5
_STA_UNSYNC = 0x40
_ROOM = 512


def disk_free(path: Path) -> int:
    """Bytes that a plain user may still write where ``path`` lies."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def clock_error_s() -> float | None:
    """How far the clock is off at most, as who keeps it right says (adjtimex(2)); infinite if nobody does, None if unknown."""
    timex = ctypes.create_string_buffer(_ROOM)
    if ctypes.CDLL(None).adjtimex(timex) < 0:
        return None
    fields = struct.unpack_from(f"@{_TIMEX}", timex)
    return float("inf") if fields[_STATUS] & _STA_UNSYNC else fields[_MAX_ERROR] / 1e6
