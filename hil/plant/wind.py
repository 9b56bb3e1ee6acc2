"""Wind turbines: from the wind to watts, by windpowerlib."""

import numpy as np
from windpowerlib import WindTurbine, power_output, wind_speed  # type: ignore[import-untyped]

from .weather import Series, Weather, wander

LIBRARY_TYPE = "E48/800"
HUB_HEIGHT_M = 30
ROUGHNESS_M = 0.01
GUST_SPREAD, GUST_MEMORY_MIN = 0.06, 2.0


def power(weather: Weather, rated_w: int, rng: np.random.Generator) -> Series:
    """AC power in watts (0..rated_w), one value a minute, of one turbine with gusts of its own.

    The library holds curves of large machines only: that of the Enercon E-48 (its smallest class; data of the Open
    Energy Platform, inside the package) keeps its shape and is scaled to the rated power.
    """
    turbine = WindTurbine(hub_height=HUB_HEIGHT_M, turbine_type=LIBRARY_TYPE)
    curve = turbine.power_curve
    at_hub = wind_speed.logarithmic_profile(weather.wind, 10, HUB_HEIGHT_M, ROUGHNESS_M)
    gusty = at_hub * np.maximum(1.0 + GUST_SPREAD * wander(rng, GUST_MEMORY_MIN), 0.0)
    watts = power_output.power_curve(gusty, curve["wind_speed"], curve["value"] * rated_w / curve["value"].max())
    return np.asarray(watts, dtype=np.float64)
