"""What the status LED says. A core without I/O: time is an argument.

A pattern is a list of durations in ms, on and off in turn, repeated. From across the road the number of flashes is what one
sees: one is well, more are worse, and a light that never rests needs somebody.
"""

_FLASH, _GAP, _REST = 120, 240, 1640

STARTING = (500, 500)
WELL = (_FLASH, 3 * _REST)  # measured, and everything delivered
DEBT = (_FLASH, _GAP, _FLASH, _REST)  # certificates wait for their receipts
NO_NETWORK = (_FLASH, _GAP, _FLASH, _GAP, _FLASH, _REST)
NO_BUS = (_FLASH, _GAP, _FLASH, _GAP, _FLASH, _GAP, _FLASH, _REST)
UPDATING = (60, 60)
SAFE_MODE = (1500, 150)


def choose(started: bool, bus: bool, link: bool, debt: int, safe: bool = False, updating: bool = False) -> "tuple[int, ...]":
    """The pattern of the worst that is the case.

    Args:
        started: the billing device was polled at least once.
        bus: it answers.
        link: the broker is there.
        debt: certificates without receipt; one is on its way most of the time.
    """
    if safe:
        return SAFE_MODE
    if updating:
        return UPDATING
    if not started:
        return STARTING
    if not bus:
        return NO_BUS
    if not link:
        return NO_NETWORK
    return DEBT if debt > 1 else WELL


def shines(pattern: "tuple[int, ...]", now: int) -> bool:
    """Whether the lamp is on at ``now``, monotonic milliseconds."""
    left = now % sum(pattern)
    on = True
    for duration in pattern:
        if left < duration:
            break
        left -= duration
        on = not on
    return on
