"""Loads: households after the standard load profile (demandlib), the charging pile and the purifier as cycles."""

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from demandlib import bdew  # type: ignore[import-untyped]

from .weather import MIDNIGHT, MINUTES, Series, wander

HOME_FLOOR_W, HOME_CEILING_W = 300.0, 5_000.0
HOME_YEARLY_KWH = (3_000.0, 5_500.0)
PROFILE_YEARLY_KWH = 1_000_000.0
PILE_STANDBY_W, PURIFIER_STANDBY_W = 60.0, 200.0
PILE_LEVELS_W = (7_400.0, 11_000.0, 22_000.0)
PURIFIER_PUMP_W = 6_000.0


def household(rng: np.random.Generator) -> Series:
    """Power in watts (300..5000), one value a minute, of one household.

    The BDEW H25 profile is the mean of many homes; one home is that mean, restless, with appliances that go on and
    off. demandlib scales the profile to 1 GWh a year.
    """
    minutes = pd.date_range(MIDNIGHT.replace(tzinfo=None), periods=MINUTES, freq="1min")
    mean_w = bdew.H25(minutes).to_numpy() * 1000.0 * rng.uniform(*HOME_YEARLY_KWH) / PROFILE_YEARLY_KWH
    restless = mean_w * np.exp(0.3 * wander(rng, 8.0))
    appliances = cycles(rng, on_min=(4, 15), off_min=(20, 120), levels_w=(600.0, 1_200.0, 2_000.0), standby_w=0.0)
    return np.clip(np.asarray(restless, dtype=np.float64) + appliances, HOME_FLOOR_W, HOME_CEILING_W)


def pile(rng: np.random.Generator) -> Series:
    """Power in watts (60..22000) of the charging pile: one car after another, with gaps."""
    return cycles(rng, on_min=(25, 60), off_min=(8, 25), levels_w=PILE_LEVELS_W, standby_w=PILE_STANDBY_W)


def purifier(rng: np.random.Generator) -> Series:
    """Power in watts (200..6500) of the water purifier: a pump that fills a tank, then rests."""
    pump = cycles(rng, on_min=(18, 24), off_min=(8, 12), levels_w=(PURIFIER_PUMP_W,), standby_w=PURIFIER_STANDBY_W)
    return np.clip(pump * (1.0 + 0.02 * wander(rng, 1.0)), PURIFIER_STANDBY_W, 6_500.0)


def cycles(
    rng: np.random.Generator,
    on_min: tuple[int, int],
    off_min: tuple[int, int],
    levels_w: tuple[float, ...],
    standby_w: float,
) -> Series:
    """A day of runs at one of the levels, each run and each rest as long as chance says (bounds in minutes)."""
    watts = np.full(MINUTES, standby_w)
    minute = -int(rng.integers(*on_min, endpoint=True))
    while minute < MINUTES:
        end = minute + int(rng.integers(*on_min, endpoint=True))
        watts[max(minute, 0) : max(end, 0)] = rng.choice(levels_w)
        minute = end + int(rng.integers(*off_min, endpoint=True))
    return watts
