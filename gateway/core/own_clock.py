"""How far the gateway's own clock may be off: what it admits to the meters that ask it for the time."""

from math import ceil, isinf

UNKNOWN_MS = 1000
"""Where the system does not say whether anything keeps its clock right."""
UNKEPT_MS = 60_000
"""Where nothing does: a clock that was set by hand, after a month at 20 ppm. A meter believes whoever is surer."""


def uncertainty_ms(error_s: float | None) -> int:
    """For the largest error, in seconds, that the system admits: infinite if nothing keeps its clock right, None if unknown."""
    if error_s is None:
        return UNKNOWN_MS
    return UNKEPT_MS if isinf(error_s) else max(1, ceil(error_s * 1000))
