"""How a run comes to rest: the plant is held, and everything that it still owes is waited for."""

import time
from collections.abc import Callable

from firmware.meter.outbox import FIRST_MS

from .follower import Follower
from .island import Island

_PATIENCE_INTERVALS, _PATIENCE_S = 12, 60
_QUIET_S = 1.0
_MARGIN_S = 0.3
_RESEND_S = FIRST_MS / 1000 * 1.25


def debt(island: Island, follower: Follower) -> int:
    """Certificates that the meters' logs tell of and that are not on the ledger, as far as ``follower`` has read."""
    return sum(max(0, meter.issued - follower.certificates(name)) for name, meter in island.meters.items())


def come_to_rest(island: Island, follower: Follower, tick: Callable[[], None]) -> bool:
    """Hold the plant, so that the last certificates hold all energy, and ``tick`` until nothing is open any more.

    ``tick`` takes a moment and lets the follower read. False if something is still open after 12 intervals and a minute.
    """
    length = island.interval_s
    held = island.hold()
    until = int(held) - int(held) % length + 2 * length
    deadline = time.monotonic() + _PATIENCE_INTERVALS * length + _PATIENCE_S
    final_since = quiet_since = None
    while time.monotonic() < deadline:
        tick()
        now = time.monotonic()
        final_since = (final_since or now) if _is_final(island, follower, until) else None
        quiet_since = (quiet_since or now) if debt(island, follower) == 0 else None
        if final_since is None or quiet_since is None:
            continue
        # a meter whose receipt was lost repeats its certificate within this time
        repeated = now - final_since >= _RESEND_S
        # stop them between two certificates
        into = time.time() % length
        if repeated and now - quiet_since >= _QUIET_S and _MARGIN_S < into < length - _MARGIN_S:
            return True
    return False


def _is_final(island: Island, follower: Follower, until: int) -> bool:
    certified = all(follower.certified_until(meter) >= until for meter in island.meters)
    return certified and follower.is_final(until)
