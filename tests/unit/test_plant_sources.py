"""Weather, sun, wind, loads and the roster."""

import numpy as np
import pytest

from hil.climate import Climate
from hil.plant import load, pv, weather, wind
from hil.roster import DEFAULT_METERS, MAX_METERS, Role, RosterError, roster

NIGHT = [*range(4 * 60), *range(21 * 60, 24 * 60)]
NOON = 12 * 60


def test_weather_stays_in_bounds_and_comes_from_its_seed() -> None:
    for seed in range(20):
        sky = weather.day(seed, Climate())
        assert sky.cloud.min() >= 0
        assert sky.cloud.max() <= 1
        assert sky.wind.min() >= 0
        assert sky.wind.max() < 25
    assert np.array_equal(weather.day(1, Climate()).wind, weather.day(1, Climate()).wind)
    assert not np.array_equal(weather.day(1, Climate()).wind, weather.day(2, Climate()).wind)


def test_a_wall_second_is_a_weather_minute_from_ten_in_the_morning() -> None:
    assert weather.minute_of_day(0, Climate()) == 600
    assert weather.minute_of_day(1, Climate()) == 601
    assert weather.minute_of_day(14 * 60, Climate()) == 0


def test_the_sun_does_not_shine_at_night() -> None:
    watts = pv.ac_power(weather.day(3, Climate()), 5_000, azimuth_deg=180)
    assert np.all(watts[NIGHT] == 0)
    assert 0 < watts[NOON] <= 5_000
    assert watts.max() <= 5_000


def test_clouds_dim_the_roof() -> None:
    sky = weather.day(3, Climate())
    clear = weather.Weather(np.zeros(weather.MINUTES), sky.wind, sky.air)
    grey = weather.Weather(np.ones(weather.MINUTES), sky.wind, sky.air)
    bright, dim = (pv.ac_power(day, 5_000, azimuth_deg=180)[NOON] for day in (clear, grey))
    assert bright > 3_500
    assert 0.1 * bright < dim < 0.4 * bright


def test_the_turbine_follows_its_curve() -> None:
    sky = weather.day(3, Climate())
    for speed, low, high in [(0.0, 0, 0), (1.0, 0, 0), (14.0, 19_000, 20_000), (40.0, 0, 0)]:
        still = weather.Weather(sky.cloud, np.full(weather.MINUTES, speed), sky.air)
        mean = wind.power(still, 20_000, np.random.default_rng(1)).mean()
        assert low <= mean <= high, speed


def test_sun_and_wind_are_alive_when_the_run_starts() -> None:
    for seed in range(10):
        sky = weather.day(seed, Climate())
        start = Climate().from_minute
        assert pv.ac_power(sky, 5_000, azimuth_deg=180)[start : start + 60].mean() > 500
        assert wind.power(sky, 20_000, np.random.default_rng(seed))[start : start + 60].mean() > 200


def test_loads_stay_in_bounds() -> None:
    for seed in range(10):
        home = load.household(np.random.default_rng(seed))
        assert 300 <= home.min() < home.max() <= 5_000
        pile = load.pile(np.random.default_rng(seed))
        assert set(pile) <= {60.0, *load.PILE_LEVELS_W}
        purifier = load.purifier(np.random.default_rng(seed))
        assert 200 <= purifier.min() < 5_000 < purifier.max() <= 6_500


def test_the_default_roster_is_the_island_of_the_paper() -> None:
    roles = [unit.role for unit in roster()]
    assert len(roles) == DEFAULT_METERS == 11
    counts = {role: roles.count(role) for role in Role}
    assert counts == {
        Role.WIND: 3,
        Role.HOUSE_PV: 2,
        Role.BATTERY: 1,
        Role.PILE: 1,
        Role.PURIFIER: 1,
        Role.HOME: 2,
        Role.FEEDER: 1,
    }


@pytest.mark.parametrize("meters", [2, 3, 5, 10, 12, 13, MAX_METERS])
def test_every_size_has_a_feeder_a_source_and_names_of_its_own(meters: int) -> None:
    units = roster(meters)
    names = [unit.meter for unit in units]
    assert len(set(names)) == meters
    assert names[:2] == ["feeder", "wind-1"]
    assert units[0].rating_w == sum(unit.rating_w for unit in units[1:])
    if meters > 11:
        assert names[11] == "home-3"
        assert names[-1] == f"home-{meters - 9}"


@pytest.mark.parametrize("meters", [-1, 0, 1, 201])
def test_other_sizes_are_refused(meters: int) -> None:
    with pytest.raises(RosterError, match="2 to 200"):
        roster(meters)
