"""Photovoltaics: from the sky to AC watts, by pvlib."""

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pvlib  # type: ignore[import-untyped]

from .weather import LATITUDE, LONGITUDE, MIDNIGHT, MINUTES, Series, Weather

TILT_DEG = 20
TEMPERATURE_COEFFICIENT = -0.0037
ROOF_WIND_M_S = 2.0


def ac_power(weather: Weather, rated_w: int, azimuth_deg: float) -> Series:
    """AC power in watts (0..rated_w), one value a minute, of a roof that faces `azimuth_deg` (180 is south).

    Clouds dim the clear sky by Kasten and Czeplak, "Solar and terrestrial radiation dependent on the amount and type
    of cloud", Solar Energy 24 (1980); the rest is pvlib's chain: Ineichen clear sky, Erbs decomposition, isotropic
    transposition, Faiman cell temperature, PVWatts DC and inverter.
    """
    times = pd.date_range(MIDNIGHT, periods=MINUTES, freq="1min")
    site = pvlib.location.Location(LATITUDE, LONGITUDE, altitude=10)
    sun = site.get_solarposition(times)
    clear = site.get_clearsky(times, model="ineichen", solar_position=sun)
    ghi = clear["ghi"] * (1.0 - 0.75 * weather.cloud**3.4)
    split = pvlib.irradiance.erbs(ghi, sun["zenith"], times)
    roof = pvlib.irradiance.get_total_irradiance(
        TILT_DEG, azimuth_deg, sun["apparent_zenith"], sun["azimuth"], split["dni"], ghi, split["dhi"]
    )
    cell = pvlib.temperature.faiman(roof["poa_global"], weather.air, ROOF_WIND_M_S)
    dc = pvlib.pvsystem.pvwatts_dc(roof["poa_global"], cell, pdc0=rated_w / 0.96, gamma_pdc=TEMPERATURE_COEFFICIENT)
    ac = pvlib.inverter.pvwatts(dc, pdc0=rated_w / 0.96)
    return np.clip(np.nan_to_num(np.asarray(ac, dtype=np.float64)), 0.0, float(rated_w))
