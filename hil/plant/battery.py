"""Storage: what the battery may do and what that leaves in it."""

from math import floor

CAPACITY_WH = 60_000.0
RESERVE_WH = 6_000.0
POWER_W = 30_000
CHARGE_EFFICIENCY = 0.95
DISCHARGE_EFFICIENCY = 0.95
SHARE = 0.6
"""Part of an imbalance that the battery takes on; the rest crosses the feeder."""


class Battery:
    """A battery after the CE-SDT model (community trading paper, storage constraint).

    E+ = E + eta_c * P_c * dt - P_d * dt / eta_d, within [reserve, capacity] and +-30 kW, P_c and P_d at the AC side.
    """

    def __init__(self, energy_wh: float = CAPACITY_WH / 2) -> None:
        self.energy_wh = energy_wh

    @property
    def soc_permille(self) -> int:
        """State of charge, 0..1000."""
        return round(1000 * self.energy_wh / CAPACITY_WH)

    def dispatch(self, surplus_w: int, dt: float) -> int:
        """Charge from a surplus or discharge into a deficit (negative surplus) for `dt` seconds.

        Returns the AC power in whole watts, positive when charging.
        """
        wanted = round(SHARE * surplus_w)
        hours = dt / 3600
        if wanted >= 0:
            room_w = (CAPACITY_WH - self.energy_wh) / (CHARGE_EFFICIENCY * hours)
            power = min(wanted, POWER_W, floor(room_w))
            self.energy_wh += CHARGE_EFFICIENCY * power * hours
        else:
            left_w = (self.energy_wh - RESERVE_WH) * DISCHARGE_EFFICIENCY / hours
            power = -min(-wanted, POWER_W, floor(left_w))
            self.energy_wh += power * hours / DISCHARGE_EFFICIENCY
        return power
