"""One summer day on the island, a value a minute: cloud, temperature, wind, and the clock that runs through it."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zlib import crc32

import numpy as np
import numpy.typing as npt

from ..climate import Climate

Series = npt.NDArray[np.float64]

LATITUDE, LONGITUDE = 30.7, 122.5
ZONE = timezone(timedelta(hours=8))
MIDNIGHT = datetime(2025, 6, 21, tzinfo=ZONE)
MINUTES = 24 * 60

CLOUD_SPREAD, CLOUD_MEMORY_MIN = 0.18, 25.0
WIND_SPREAD, WIND_MEMORY_MIN = 1.3, 90.0
MEAN_AIR, AIR_SWING = 25.0, 4.0


@dataclass(frozen=True, slots=True)
class Weather:
    """A day of weather, one value a minute from local midnight."""

    cloud: Series
    """Fraction of the sky covered, 0..1."""
    wind: Series
    """Wind speed 10 m above ground in m/s, never negative."""
    air: Series
    """Air temperature in degrees Celsius."""


def generator(seed: int, what: str) -> np.random.Generator:
    """Randomness of its own for each thing, so that a unit behaves the same in a small island and in a large one."""
    return np.random.default_rng([seed, crc32(what.encode())])


def wander(rng: np.random.Generator, memory_min: float) -> Series:
    """A day of unit-variance noise with exponential memory: the Ornstein-Uhlenbeck process sampled every minute."""
    keep = np.exp(-1.0 / memory_min)
    kicks = rng.standard_normal(MINUTES) * np.sqrt(1.0 - keep * keep)
    state = rng.standard_normal()
    path = np.empty(MINUTES)
    for minute, kick in enumerate(kicks):
        state = keep * state + kick
        path[minute] = state
    return path


def day(seed: int, climate: Climate) -> Weather:
    """The weather of the day that this seed stands for in this climate."""
    rng = generator(seed, "weather")
    afternoon = np.cos(2 * np.pi * (np.arange(MINUTES) / MINUTES - 15 / 24))
    return Weather(
        cloud=np.clip(climate.cloud + CLOUD_SPREAD * wander(rng, CLOUD_MEMORY_MIN), 0.0, 1.0),
        wind=np.maximum(climate.wind + afternoon + WIND_SPREAD * wander(rng, WIND_MEMORY_MIN), 0.0),
        air=MEAN_AIR + AIR_SWING * afternoon,
    )


def minute_of_day(elapsed_s: float, climate: Climate) -> float:
    """Weather minute (0 <= minute < 1440) after so many of the plant's seconds; the day repeats itself."""
    return (climate.from_minute + elapsed_s * climate.speed / 60) % MINUTES
