"""What a device may say and be believed. No I/O.

A reading with one impossible value is no reading: whatever disturbed that value may have disturbed its neighbours.
That energy never falls is watched over time, by ``energy``.
"""


class Nonsense(Exception):
    """The device answered, with values that cannot be. The message names the value and its limits."""


def check_range(name: str, value: "int | None", limits: "tuple[int, int] | None") -> None:
    """Nonsense if ``value`` lies outside ``limits`` (both included)."""
    if value is not None and limits is not None and not limits[0] <= value <= limits[1]:
        raise Nonsense(f"{name} {value} is outside {limits[0]}..{limits[1]}")


def check_apparent_power(w: int, dv: int, ma: int, percent: int, floor_va: int) -> None:
    """Nonsense if the power ``w`` is more than voltage times current allows.

    Args:
        w, dv, ma: watts, tenths of a volt, milliamperes (the sum of the phases), of any sign.
        percent: how much of V*I is allowed; more than 100, for phases differ and registers are not read at once.
        floor_va: volt-amperes allowed besides, for what rounding hides at small currents.
    """
    most = abs(dv) * abs(ma) * percent // 1_000_000 + floor_va
    if abs(w) > most:
        raise Nonsense(f"w {w} is more than {dv / 10} V and {ma / 1000} A can be")
