"""Interval core: readings to rows, and every way in which time or a device can misbehave."""

from firmware.meter.energy import REPLACEMENT, WRAP, Energy, Integrator
from firmware.meter.interval import Intervals
from firmware.meter.reading import Reading
from firmware.wire.certificate import BUS_ERROR, CATCH_UP, COUNTER_RESET, IMPLAUSIBLE, MISSING, PARTIAL

T = 1_800_000_000  # a multiple of 10


def run(intervals, samples):
    """Feed (second after T, import register or None for a failed poll, W) and return what closes."""
    closed = []
    for second, register, power in samples:
        at = 1000 * T + round(1000 * second)
        interval = intervals.tick(at)
        if interval:
            closed.append(interval)
        if register is None:
            intervals.fail(at)
        else:
            intervals.add(at, Reading(power, register, 0))
    return closed


def check_continuity(closed):
    for interval in closed:
        imported = interval.opening[0] + sum([row[0] for row in interval.rows])
        exported = interval.opening[1] + sum([row[1] for row in interval.rows])
        assert (imported, exported) == interval.closing
    for index in range(1, len(closed)):
        before, after = closed[index - 1], closed[index]
        assert before.closing == after.opening
        assert before.t0 + before.dt * len(before.rows) == after.t0


def statuses(interval):
    return [row[6] for row in interval.rows]


def test_rows_hold_energy_and_mean_power():
    closed = run(Intervals(10, 5), [(0, 100, 10), (1, 101, 20), (2, 103, 30), (9, 110, 7), (10, 112, 0)])
    check_continuity(closed)
    (only,) = closed
    assert (only.t0, only.dt, only.opening, only.closing) == (T, 2, (100, 0), (110, 0))
    assert [row[0] for row in only.rows] == [1, 2, 0, 0, 7]
    assert [row[2] for row in only.rows] == [15, 30, 0, 0, 7]
    assert statuses(only) == [0, 0, MISSING, MISSING, CATCH_UP]
    assert only.status == MISSING | CATCH_UP


def test_mean_rounds_to_nearest_on_both_sides_of_zero():
    intervals = Intervals(1, 1)
    closed = run(intervals, [(0.1, 1, -1), (0.2, 1, -2), (0.3, 1, -2), (1, 1, 1), (1.5, 1, 2), (1.6, 1, 2), (2, 1, 0)])
    assert [interval.rows[0][2] for interval in closed] == [-2, 2]


def test_first_certificate_opens_at_the_first_reading():
    closed = run(Intervals(10, 5), [(5, 1000, 0), (7, 1003, 0), (10, 1004, 0)])
    assert statuses(closed[0]) == [MISSING, MISSING, PARTIAL, 0, MISSING]
    assert (closed[0].t0, closed[0].opening, closed[0].closing) == (T, (1000, 0), (1003, 0))


def test_nothing_starts_before_the_clock_is_set():
    intervals = Intervals(10, 5)
    intervals.add(5_000, Reading(1, 10, 10))
    assert intervals.start is None


def test_voltage_frequency_and_charge_reach_the_row():
    intervals = Intervals(10, 1)
    intervals.add(1000 * T, Reading(5, 1, 2, dv=2301, mhz=49990, soc=500))
    intervals.add(1000 * T + 1, Reading(5, 1, 2, dv=2304, mhz=49991, soc=501))
    assert intervals.tick(1000 * T + 10000).rows == [(0, 0, 5, 2303, -9, 501, 0)]


def test_a_value_out_of_range_is_none_and_never_a_number():
    reading = Reading(1 << 40, -1, 1 << 60, dv=-1, mhz=200000, soc=1001)
    assert [reading.w, reading.registers, reading.dv, reading.mhz, reading.soc] == [None] * 5


def test_failed_polls_are_marked():
    closed = run(Intervals(10, 5), [(0, 100, 1), (2, None, 0), (4, 104, 1), (4.5, None, 0), (10, 105, 1)])
    assert statuses(closed[0]) == [0, MISSING | BUS_ERROR, CATCH_UP | BUS_ERROR, MISSING, MISSING]


def test_the_row_after_a_silent_end_catches_up():
    closed = run(Intervals(10, 5), [(0, 100, 1), (10, 105, 1), (20, 106, 1)])
    assert statuses(closed[1])[0] == CATCH_UP
    check_continuity(closed)


def test_a_dead_device_gets_one_catch_up_certificate():
    samples = [(0, 100, 1), (10, None, 0), (20, None, 0), (35, None, 0), (47, 150, 1), (48, 151, 1), (50, 152, 1)]
    closed = run(Intervals(10, 5), samples)
    check_continuity(closed)
    assert [(interval.t0 - T, interval.dt, len(interval.rows)) for interval in closed] == [(0, 2, 5), (10, 40, 1)]
    assert closed[1].rows[0][0] == 51
    assert closed[1].status == CATCH_UP | BUS_ERROR


def test_restart_within_the_interval_goes_on_with_it():
    intervals = Intervals(10, 5)
    intervals.resume(T, (100, 0), (0, 0), False)
    closed = run(intervals, [(5, 104, 1), (6, 105, 1), (8, 106, 1), (10, 107, 1)])
    assert (closed[0].t0, closed[0].opening, closed[0].closing) == (T, (100, 0), (106, 0))
    assert statuses(closed[0]) == [MISSING, MISSING, CATCH_UP | PARTIAL, 0, 0]


def test_restart_in_the_first_row_is_only_partial():
    intervals = Intervals(10, 5)
    intervals.resume(T, (100, 0), (0, 0), False)
    closed = run(intervals, [(1, 101, 1), (10, 107, 1)])
    assert statuses(closed[0])[0] == PARTIAL


def test_restart_after_a_row_without_energy_catches_up():
    intervals = Intervals(10, 5)
    intervals.resume(T, (100, 0), (0, 0), True)
    closed = run(intervals, [(0, 101, 1), (10, 107, 1)])
    assert statuses(closed[0])[0] == CATCH_UP


def test_restart_hours_later_covers_the_whole_span_in_one_row():
    intervals = Intervals(10, 5)
    intervals.resume(T, (100, 7), (0, 0), False)
    at = 1000 * (T + 7203)
    intervals.add(at, Reading(3, 5000, 8))
    closed = intervals.tick(at + 7000)
    assert (closed.t0, closed.dt, len(closed.rows)) == (T, 7210, 1)
    assert closed.rows[0][:2] == (4900, 1)
    assert closed.status == CATCH_UP | PARTIAL


def test_a_clock_set_back_is_waited_for():
    intervals = Intervals(10, 5)
    closed = run(intervals, [(0, 100, 1), (10, 101, 1), (-3600, 102, 1), (3, 103, 1), (9, 104, 1), (12, 105, 1)])
    closed += run(intervals, [(20, 106, 1)])
    check_continuity(closed)
    assert [interval.t0 - T for interval in closed] == [0, 10]
    assert closed[1].closing == (105, 0)


def test_a_clock_that_starts_behind_is_waited_for():
    intervals = Intervals(10, 5)
    intervals.resume(T, (100, 0), (0, 0), False)
    closed = run(intervals, [(-3600, 101, 1), (-3, 102, 1), (1, 103, 1), (10, 104, 1)])
    check_continuity(closed)
    assert [(interval.t0 - T, interval.closing, interval.status) for interval in closed] == [(0, (103, 0), PARTIAL | MISSING)]


def test_a_clock_set_back_a_little_stays_in_its_row():
    closed = run(Intervals(10, 5), [(0, 100, 1), (7, 101, 1), (1, 103, 1), (10, 104, 1)])
    check_continuity(closed)
    assert [row[0] for row in closed[0].rows] == [0, 0, 0, 3, 0]


def test_a_clock_set_forward_leaves_no_hole():
    closed = run(Intervals(10, 5), [(0, 100, 1), (1000, 101, 1), (1010, 102, 1)])
    check_continuity(closed)
    assert [(interval.t0 - T, interval.dt * len(interval.rows)) for interval in closed] == [(0, 10), (10, 1000)]


def test_another_interval_length_joins_on_without_a_hole():
    intervals = Intervals(60, 4)
    start = T - T % 60 + 90
    intervals.resume(start, (100, 0), (0, 0), False)
    intervals.add(1000 * (start + 1), Reading(1, 101, 0))
    closed = intervals.tick(1000 * (start + 30))
    assert (closed.t0, closed.dt, len(closed.rows)) == (start, 30, 1)


def test_a_register_that_starts_anew_is_counted_from_there():
    samples = [(0, 900, 1), (1, 905, 1), (2, 3, 1), (3, 4, 1), (4, 6, 1), (5, 7, 1), (10, 9, 1), (20, 9, 1)]
    intervals = Intervals(10, 5)
    closed = run(intervals, samples)
    check_continuity(closed)
    assert [row[0] for row in closed[0].rows] == [5, 0, 4, 0, 0]
    assert statuses(closed[0])[:3] == [0, IMPLAUSIBLE, COUNTER_RESET | CATCH_UP]
    assert closed[1].closing == (911, 0)
    assert intervals.energy.offset == (902, 0)


def test_the_offset_survives_a_restart():
    intervals = Intervals(10, 5)
    intervals.resume(T, (909, 0), (902, 0), False)
    closed = run(intervals, [(0, 9, 1), (10, 9, 1)])
    assert closed[0].closing == (911, 0)
    assert closed[0].status & COUNTER_RESET == 0


def test_one_odd_answer_changes_nothing():
    for odd in (0, 50_000_000):
        closed = run(Intervals(10, 5), [(0, 900, 1), (2, odd, 1), (4, 901, 1), (10, 902, 1)])
        check_continuity(closed)
        assert closed[0].closing == (901, 0)
        assert statuses(closed[0])[1] == IMPLAUSIBLE


def test_a_leap_that_stays_is_not_certified():
    samples = [(0, 900, 1)] + [(second, 50_000_000 + second, 1) for second in range(1, 11)]
    closed = run(Intervals(10, 5), samples)
    check_continuity(closed)
    assert closed[0].closing == (908, 0)
    assert closed[0].status & IMPLAUSIBLE


def test_a_long_absence_allows_a_large_step():
    energy = Energy((0, 0), (0, 0), T)
    assert energy.count((3_000_000, 0), T + 3600) == (None, IMPLAUSIBLE)
    assert energy.count((3_000_000, 0), T + 7200) == ((3_000_000, 0), 0)


def count(energy, *devices, wraps=(None, None)):
    """Statuses of ``devices``, import registers read one a second."""
    return [energy.count((device, 0), T + second, wraps)[1] for second, device in enumerate(devices)]


def test_a_register_that_wrapped_loses_nothing():
    energy = Energy((1000, 0), (0, 0), T)
    assert count(energy, 65_530, 3, 4, wraps=(65_536, 65_536)) == [0, IMPLAUSIBLE, IMPLAUSIBLE]
    assert (energy.registers, energy.change) == ((65_530, 0), None)
    assert energy.count((7, 0), T + 3, (65_536, 65_536)) == ((13, 0), COUNTER_RESET)
    assert (energy.registers, energy.offset) == ((65_543, 0), (65_536, 0))
    change = energy.change
    assert (change.kind, change.old, change.new, change.at) == (WRAP, (65_530, 0), (3, 0), T + 3)
    assert energy.count((9, 0), T + 4, (65_536, 65_536)) == ((2, 0), 0)


def test_a_register_that_wrapped_after_a_restart_adds_to_the_offset():
    energy = Energy((65_540, 50), (10, 0), T)
    for second, device in enumerate((1, 2, 3)):
        step, status = energy.count((device, 50), T + second, (65_536, None))
    assert (step, status) == ((9, 0), COUNTER_RESET)
    assert (energy.registers, energy.offset) == ((65_549, 50), (65_546, 0))


def test_a_zero_just_before_the_end_of_the_register_is_no_wrap():
    energy = Energy((65_530, 0), (0, 0), T)
    assert count(energy, 0, 65_531, 65_532, wraps=(65_536, None)) == [IMPLAUSIBLE, 0, 0]
    assert (energy.registers, energy.change) == ((65_532, 0), None)


def test_a_register_that_falls_far_from_its_end_was_replaced():
    wraps = (1 << 32, None)
    energy = Energy((2_000_000, 0), (0, 0), T)
    assert count(energy, 500, 501, 503, wraps=wraps) == [IMPLAUSIBLE, IMPLAUSIBLE, COUNTER_RESET]
    assert energy.registers == (2_000_003, 0)
    change = energy.change
    assert (change.kind, change.old, change.new, change.at) == (REPLACEMENT, (2_000_000, 0), (500, 0), T + 2)


def test_a_device_that_counted_more_is_another_device():
    energy = Energy((100, 0), (0, 0), T)
    assert count(energy, 9_000_000, 9_000_001, 9_000_002) == [IMPLAUSIBLE] * 3
    assert (energy.registers, energy.change.kind) == ((102, 0), REPLACEMENT)


def test_words_that_are_swapped_for_a_while_invent_no_energy():
    true = [100, 100, 100, 101, 102, 103, 104, 105]
    energy = Energy((100, 0), (0, 0), T)
    count(energy, 100, *(value << 16 for value in true), 105, 105, 105, 106)
    assert 101 <= energy.registers[0] <= 106


def test_the_reading_says_where_its_registers_wrap():
    intervals = Intervals(10, 1)
    for second, register in enumerate((65_530, 65_535, 2, 3, 4)):
        intervals.add(1000 * (T + second), Reading(5, register, 0, wraps=(65_536, None)))
    assert (intervals.energy.registers, intervals.energy.change.kind) == ((65_540, 0), WRAP)


def test_power_is_integrated_where_there_is_no_register():
    integrator = Integrator((10, 20))
    for ms in range(0, 3_600_001, 500):
        registers = integrator.add(ms, 1000)
    assert registers == (1010, 20)
    for ms in range(3_600_500, 7_200_501, 500):
        registers = integrator.add(ms, -250)
    assert registers == (1010, 270)


def test_integration_invents_nothing_over_a_silence():
    integrator = Integrator((0, 0))
    integrator.add(0, 3_600_000)
    assert integrator.add(10_001, 3_600_000) == (0, 0)
    assert integrator.add(11_001, 3_600_000) == (1000, 0)
