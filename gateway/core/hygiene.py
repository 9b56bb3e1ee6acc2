"""What signatures and statements tell of each key over time: repeated nonces, a clock that drifts, a meter that keeps starting.

Only what is on the ledger is looked at, with its block's time as its arrival: whatever a restart forgets is read there again.
Memory is bounded for each key, so no meter can make us forget another.
"""

from collections import deque
from dataclasses import dataclass

from firmware.wire import cose

NONCES = 256
"""Signatures of a key that are remembered: two and a half days at quarter hours. A broken generator repeats itself sooner."""
DRIFT_LIMIT_PPM = 100
"""A crystal is good for 50 ppm, warm, cold and old. At twice that it is broken, or somebody turns the clock."""
OFFSET_LIMIT_S = 30
"""What admission grants two honest clocks."""
BOOTS_LIMIT = 24
"""Starts a day. One an hour is a supply, a watchdog or a device that needs looking after."""
_DAY_S = 86_400
_WINDOW_S = 6 * 3600
_WINDOWS = 29
"""A week, and the window that is not over."""
_RIPE_S = 3600
"""Who was away pays old debt first: a window says nothing before a new certificate was among them."""
_BOOTS = 64
_PREFIX, _ID = 8, 32
"""Bytes kept of an r (of 32): enough to find a repetition; the ledger judges it by the whole statements."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of one key; None: not yet."""

    clock_offset_s: int | None = None
    """How far the meter's clock is behind ours (negative: ahead), at most, in six hours."""
    clock_drift_ppm: int | None = None
    """How fast it falls behind, over a day to a week; one second in a day is 12 ppm."""
    boots_per_day: int | None = None
    """Starts in the last day."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is beyond its limit, and what to do about it."""
        found = []
        if self.clock_offset_s is not None and abs(self.clock_offset_s) > OFFSET_LIMIT_S:
            found.append(f"its clock is off by more than {OFFSET_LIMIT_S} s: see whom it asks for the time")
        if self.clock_drift_ppm is not None and abs(self.clock_drift_ppm) > DRIFT_LIMIT_PPM:
            found.append(f"its clock drifts by more than {DRIFT_LIMIT_PPM} ppm: replace its board if it asks for the time")
        if self.boots_per_day is not None and self.boots_per_day > BOOTS_LIMIT:
            found.append(f"it starts more than {BOOTS_LIMIT} times a day: see its reset reasons, supply and watchdog")
        return tuple(found)


NOTHING = Figures()


@dataclass(frozen=True, slots=True)
class Sign:
    """What a meter's statement tells beside its contents: its boot counter, and when it says that it was made (Unix s)."""

    boot: int
    made: int | None = None
    """None if nobody can tell how long it lay before it was sent."""


class Hygiene:
    """All keys of one site. All times are Unix seconds."""

    def __init__(self) -> None:
        self._keys: dict[bytes, _Key] = {}

    def take(self, statement: cose.Statement, sign: Sign, arrived: int) -> bytes | None:
        """Take a statement that has come to the ledger; the id of one before it that seems to have had its nonce, if any."""
        key = self._keys.setdefault(statement.kid, _Key())
        key.note_boot(sign.boot, arrived)
        if sign.made is not None:
            key.note_time(arrived - sign.made, arrived)
        return key.nonces.take(statement.signature, statement.id)

    def figures(self, kid: bytes, now: int) -> Figures:
        """What is known of key ``kid`` at ``now``."""
        key = self._keys.get(kid)
        return key.figures(now) if key else NOTHING


class _Key:
    def __init__(self) -> None:
        self.nonces = _Nonces()
        self._boots: deque[tuple[int, int]] = deque(maxlen=_BOOTS)
        self._windows: deque[tuple[int, int]] = deque(maxlen=_WINDOWS)

    def note_boot(self, boot: int, arrived: int) -> None:
        """Late statements are of boots that are known."""
        if not self._boots or boot > self._boots[-1][1]:
            self._boots.append((arrived, boot))

    def note_time(self, behind: int, arrived: int) -> None:
        """Whatever lay about, or was long on its way, makes it more: the least of a window is the clock's."""
        begun = arrived
        if self._windows and arrived < self._windows[-1][0] + _WINDOW_S:
            begun, least = self._windows.pop()
            behind = min(behind, least)
        self._windows.append((begun, behind))

    def figures(self, now: int) -> Figures:
        ripe = [(begun, behind) for begun, behind in self._windows if now >= begun + _RIPE_S]
        offset = drift = None
        if ripe:
            (first, before), (last, offset) = ripe[0], ripe[-1]
            drift = round((offset - before) * 1_000_000 / (last - first)) if last - first >= _DAY_S else None
        return Figures(offset, drift, self._boots_in(now - _DAY_S))

    def _boots_in(self, since: int) -> int | None:
        if not self._boots:
            return None
        before = [boot for at, boot in self._boots if at <= since]
        return self._boots[-1][1] - (before[-1] if before else self._boots[0][1])


class _Nonces:
    """A ring of the newest; r comes from the nonce alone (FIPS 186-5, section 6.4.1)."""

    def __init__(self) -> None:
        self._rs, self._ids = bytearray(), bytearray()
        self._next = 0

    def take(self, signature: bytes, id: bytes) -> bytes | None:
        r = signature[:_PREFIX]
        known = self._find(r)
        if known is None:
            self._rs[self._next * _PREFIX : (self._next + 1) * _PREFIX] = r
            self._ids[self._next * _ID : (self._next + 1) * _ID] = id
            self._next = (self._next + 1) % NONCES
        return None if known == id else known

    def _find(self, r: bytes) -> bytes | None:
        at = self._rs.find(r)
        while at % _PREFIX and at >= 0:
            at = self._rs.find(r, at + 1)
        place = at // _PREFIX * _ID
        return None if at < 0 else bytes(self._ids[place : place + _ID])
