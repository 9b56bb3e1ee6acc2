"""The island's balance, registers and determinism over long seeded runs."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hil.climate import Climate
from hil.plant.battery import CAPACITY_WH, POWER_W, RESERVE_WH, Battery
from hil.plant.island import Island, PlantError, Reading
from hil.roster import Role, roster

STEPS = 3_000


def readings(island: Island) -> dict[str, Reading]:
    return {unit.meter: island.reading(unit.meter) for unit in island.units}


def random_steps(seed: int, count: int = STEPS) -> list[float]:
    return [float(dt) for dt in np.random.default_rng(seed).uniform(0.05, 1.5, count)]


@pytest.mark.parametrize(("meters", "seed"), [(11, 1), (11, 2), (3, 3), (40, 4)])
def test_power_balances_exactly_at_every_step(meters: int, seed: int) -> None:
    island = Island(roster(meters), seed)
    for dt in random_steps(seed):
        island.step(dt)
        units = [island.reading(unit.meter).w for unit in island.units if unit.role is not Role.FEEDER]
        assert island.reading("feeder").w == island.feeder_w == sum(units) + island.losses_w
        assert island.losses_w >= 0


def test_registers_never_fall_and_are_the_integral_of_power() -> None:
    island = Island(roster(), 5)
    first = before = readings(island)
    integral = {meter: [0.0, 0.0] for meter in first}
    for dt in random_steps(5):
        island.step(dt)
        after = readings(island)
        for meter, reading in after.items():
            assert reading.import_wh >= before[meter].import_wh
            assert reading.export_wh >= before[meter].export_wh
            integral[meter][reading.w < 0] += abs(reading.w) * dt / 3600
        before = after
    for meter, (imported, exported) in integral.items():
        assert before[meter].import_wh == pytest.approx(first[meter].import_wh + imported, abs=1.0)
        assert before[meter].export_wh == pytest.approx(first[meter].export_wh + exported, abs=1.0)


def test_the_roof_register_is_the_integral_of_its_power() -> None:
    island = Island(roster(), 6)
    first = island.source_reading("house-pv-1").export_wh
    produced = 0.0
    for dt in random_steps(6, 500):
        island.step(dt)
        produced -= island.source_reading("house-pv-1").w * dt / 3600
    assert produced > 100
    assert island.source_reading("house-pv-1").export_wh == pytest.approx(first + produced, abs=1.0)


def test_one_seed_is_one_course_of_events() -> None:
    courses = []
    for seed in (7, 7, 8):
        island = Island(roster(), seed)
        course = [readings(island)]
        for dt in random_steps(7, 50):
            island.step(dt)
            course.append(readings(island))
        courses.append(course)
    assert courses[0] == courses[1]
    assert courses[0] != courses[2]


def test_a_unit_behaves_the_same_in_a_larger_island() -> None:
    small, large = Island(roster(3), 9), Island(roster(30), 9)
    for dt in random_steps(9, 50):
        small.step(dt)
        large.step(dt)
        for meter in ("wind-1", "home-1"):
            here, there = small.reading(meter), large.reading(meter)
            assert (here.w, here.import_wh, here.export_wh) == (there.w, there.import_wh, there.export_wh)


def test_rest_stops_power_and_keeps_the_registers() -> None:
    island = Island(roster(), 10)
    island.step(100.0)
    moving = readings(island)
    island.rest()
    for meter, reading in readings(island).items():
        assert (reading.w, reading.mhz, reading.dv) == (0, 50_000, 2300)
        assert (reading.import_wh, reading.export_wh) == (moving[meter].import_wh, moving[meter].export_wh)
        assert reading.soc == moving[meter].soc
    assert island.feeder_w == island.losses_w == 0
    assert island.source_reading("house-pv-1").w == 0


@pytest.mark.parametrize("dt", [0.0, -0.2])
def test_time_only_goes_forward(dt: float) -> None:
    with pytest.raises(PlantError, match="more than 0 s"):
        Island(roster(2), 1).step(dt)


def test_units_stay_within_their_ratings() -> None:
    island = Island(roster(), 11)
    for _ in range(24 * 60):
        island.step(1.0)
        for unit in island.units:
            assert abs(island.reading(unit.meter).w) <= unit.rating_w


def test_voltage_and_frequency_follow_the_load() -> None:
    island = Island(roster(), 12)
    for _ in range(200):
        island.step(1.0)
        for meter, reading in readings(island).items():
            assert 2200 < reading.dv < 2400
            assert (reading.dv < 2300) == (round(reading.w / 690) > 0), meter
        assert (island.reading("feeder").mhz > 50_000) == (round(500 * island.feeder_w / 138_500) < 0)


def test_battery_keeps_its_limits_and_loses_what_its_efficiencies_say() -> None:
    battery = Battery()
    charged = discharged = 0.0
    rng = np.random.default_rng(13)
    for surplus, dt in zip(rng.normal(0, 60_000, STEPS), rng.uniform(1, 120, STEPS), strict=True):
        power = battery.dispatch(int(surplus), float(dt))
        assert abs(power) <= POWER_W
        assert power * surplus >= 0
        assert RESERVE_WH <= battery.energy_wh <= CAPACITY_WH
        charged += max(power, 0) * dt / 3600
        discharged += max(-power, 0) * dt / 3600
    assert battery.energy_wh == pytest.approx(CAPACITY_WH / 2 + 0.95 * charged - discharged / 0.95)


def test_battery_fills_and_empties_to_its_bounds() -> None:
    battery = Battery()
    for _ in range(200):
        battery.dispatch(100_000, 60.0)
    assert battery.soc_permille == 1000
    assert battery.dispatch(100_000, 60.0) == 0
    for _ in range(400):
        battery.dispatch(-100_000, 60.0)
    assert battery.soc_permille == 100
    assert battery.dispatch(-100_000, 60.0) == 0


def test_the_day_closes_on_itself_without_a_fall_of_the_registers() -> None:
    island = Island(roster(), 14)
    shown = []
    for _ in range(60):
        island.step(60.0)
        shown.append(readings(island))
    for before, after in pairwise(shown):
        assert all(after[meter].import_wh >= before[meter].import_wh for meter in after)


def test_theft_is_seen_at_the_feeder_alone() -> None:
    honest, robbed = Island(roster(11), 3), Island(roster(11), 3, theft=0.1)
    for dt in random_steps(3, 50):
        honest.step(dt)
        robbed.step(dt)
        units = [unit.meter for unit in robbed.units if unit.role not in {Role.FEEDER, Role.BATTERY}]
        assert all(robbed.reading(meter) == replace(honest.reading(meter), mhz=robbed.reading(meter).mhz) for meter in units)
        rest = sum(robbed.reading(unit.meter).w for unit in robbed.units if unit.role is not Role.FEEDER)
        assert robbed.stolen_w > 0
        assert robbed.feeder_w == rest + robbed.losses_w + robbed.stolen_w
    robbed.rest()
    assert robbed.stolen_w == 0


def test_registers_begin_where_they_are_told_in_the_directions_that_a_unit_has() -> None:
    island = Island(roster(11), 3, registers={"wind-1": 4_294_967_276, "home-1": 7})
    assert (island.reading("wind-1").import_wh, island.reading("wind-1").export_wh) == (0, 4_294_967_276)
    assert (island.reading("home-1").import_wh, island.reading("home-1").export_wh) == (7, 0)
    assert island.reading("home-2") == Island(roster(11), 3).reading("home-2")


@pytest.mark.parametrize(
    ("darker", "brighter"), [(Climate(cloud=0.95), Climate(cloud=0.05)), (Climate(from_minute=0), Climate(from_minute=720))]
)
def test_the_climate_decides_over_the_sun(darker: Climate, brighter: Climate) -> None:
    def produced(climate: Climate) -> int:
        island = Island(roster(11), 3, climate)
        island.step(10)
        return -island.source_reading("house-pv-1").w

    assert produced(darker) < 0.8 * produced(brighter)


def test_a_faster_day_is_the_same_day() -> None:
    slow, fast = (Island(roster(11), 3, Climate(speed=speed)) for speed in (60, 120))
    slow.step(20)
    fast.step(10)
    assert slow.source_reading("house-pv-1").w == fast.source_reading("house-pv-1").w


def test_a_limit_is_reached_over_time_and_lifted_the_same_way() -> None:
    island = Island(roster(11), 3, Climate(wind=20))
    island.step(1)
    free = island.reading("wind-1").w
    assert free < -10_000
    island.allow("wind-1", 0.2)
    course = []
    for _ in range(9):
        island.step(1)
        course.append(-island.reading("wind-1").w)
    assert course[0] == 18_000
    assert course[3] == 12_000
    assert course[7:] == [4_000, 4_000]
    assert island.reading("wind-2").w < -10_000
    assert (
        island.feeder_w == sum(island.reading(u.meter).w for u in island.units if u.role is not Role.FEEDER) + island.losses_w
    )
    island.allow("wind-1", 1.0)
    for _ in range(9):
        island.step(1)
    assert island.reading("wind-1").w < -10_000
