from firmware.meter.timekeeper import DRIFT_PPM, Timekeeper
from firmware.wire.clock import GATEWAY, HOST, NETWORK, UNSET

T = 1_800_000_000_000
DAY = 86_400_000


def read(keeper, ticks):
    now = keeper.now(ticks)
    return now.time_ms, now.quality.fields()


def test_a_clock_that_was_never_set_has_no_time():
    keeper = Timekeeper()
    for ticks in (0, 40 * DAY):
        assert read(keeper, ticks) == (None, [UNSET, 0xFFFFFFFF, 0])
    assert keeper.now(7).uptime_ms == 7
    assert keeper.source == UNSET


def test_the_first_fix_sets_the_clock_and_is_no_step():
    keeper = Timekeeper()
    assert keeper.take(NETWORK, T, 40, 5000) is None
    assert read(keeper, 5000) == (T, [NETWORK, 40, 0])
    assert keeper.source == NETWORK


def test_uncertainty_grows_with_the_age_of_the_fix_and_both_are_told():
    keeper = Timekeeper()
    keeper.take(GATEWAY, T, 40, 0)
    assert read(keeper, DAY) == (T + DAY, [GATEWAY, 40 + 86_400 * DRIFT_PPM // 1000, 86_400])
    assert read(keeper, 1)[1] == [GATEWAY, 41, 0]
    keeper.take(GATEWAY, T + DAY, 30, DAY)
    assert read(keeper, DAY)[1] == [GATEWAY, 30, 0]


def test_a_small_difference_is_slewed_and_time_never_runs_back():
    for difference in (-999, -300, 300, 999):
        keeper = Timekeeper()
        keeper.take(NETWORK, T, 10, 0)
        assert keeper.take(NETWORK, T + 1000 + difference, 10, 1000) is None
        assert read(keeper, 1000) == (T + 1000, [NETWORK, 10 + abs(difference), 0])
        before = T + 1000
        for ticks in range(1010, 3_000_000, 9973):
            now = keeper.now(ticks).time_ms
            assert now >= before
            assert abs(now - T - ticks) <= (ticks - 1000) * 500 // 1_000_000 + 1
            before = now
        assert keeper.now(3_000_000).time_ms == T + 3_000_000 + difference


def test_a_clock_that_was_right_for_long_does_not_jump():
    keeper = Timekeeper()
    keeper.take(NETWORK, T, 10, 0)
    keeper.take(NETWORK, T + DAY + 900, 10, DAY)
    assert keeper.now(DAY).time_ms == T + DAY
    assert keeper.now(DAY + 20_000).time_ms == T + DAY + 20_010


def test_slewing_goes_on_from_where_it_is():
    keeper = Timekeeper()
    keeper.take(NETWORK, T, 10, 0)
    keeper.take(NETWORK, T + 800, 10, 0)
    halfway = keeper.now(800_000).time_ms
    assert halfway == T + 800_400
    keeper.take(NETWORK, T + 800_000, 10, 800_000)
    assert keeper.now(800_000).time_ms == halfway
    assert keeper.now(1_600_000).time_ms == T + 1_600_000


def test_a_source_that_speaks_often_is_slewed_to_as_well():
    keeper = Timekeeper()
    keeper.take(HOST, T, 10, 0)
    for ticks in range(0, 200_001, 100):
        assert keeper.take(HOST, T + ticks + 50, 10, ticks) is None
    assert keeper.now(200_000).time_ms == T + 200_050
    for ticks in range(200_000, 300_001, 100):
        keeper.take(HOST, T + ticks + 50 + (ticks - 200_000) // 10_000, 10, ticks)
    assert abs(keeper.now(300_000).time_ms - T - 300_060) <= 1


def test_a_large_difference_is_a_step_that_is_told():
    for difference in (-86_400_000, -1000, 1000, 86_400_000):
        keeper = Timekeeper()
        keeper.take(HOST, T, 10, 0)
        assert keeper.take(HOST, T + 500 + difference, 10, 500) == (T + 500, T + 500 + difference)
        assert read(keeper, 500) == (T + 500 + difference, [HOST, 10, 0])


def test_a_less_trusted_source_cannot_leave_what_a_better_one_left_open():
    keeper = Timekeeper()
    keeper.take(GATEWAY, T, 100, 0)
    assert keeper.take(NETWORK, T + 111, 10, 0) is None
    assert (keeper.refused, read(keeper, 0)) == (1, (T, [GATEWAY, 100, 0]))
    assert keeper.take(NETWORK, T + 110, 10, 0) is None
    assert (keeper.refused, read(keeper, 0)) == (1, (T, [GATEWAY, 100, 0]))
    # after ten days the gateway's word leaves 43 s open
    assert keeper.take(NETWORK, T + 10 * DAY + 43_311, 10, 10 * DAY) is None
    assert keeper.refused == 2
    assert keeper.take(NETWORK, T + 10 * DAY + 43_000, 10, 10 * DAY) == (T + 10 * DAY, T + 10 * DAY + 43_000)
    # and its next lie must still be near to what the gateway said
    assert keeper.take(NETWORK, T + 10 * DAY + 90_000, 10, 10 * DAY) is None
    assert keeper.refused == 3


def test_a_more_trusted_source_overrules_and_the_liar_is_forgotten():
    keeper = Timekeeper()
    keeper.take(NETWORK, T + DAY, 10, 0)
    assert keeper.take(GATEWAY, T, 3000, 0) == (T + DAY, T)
    assert read(keeper, 0) == (T, [GATEWAY, 3000, 0])
    assert keeper.take(NETWORK, T + DAY, 10, 0) is None
    assert (keeper.refused, keeper.source) == (1, GATEWAY)


def test_a_lesser_source_that_agrees_is_not_forgotten():
    keeper = Timekeeper()
    keeper.take(NETWORK, T, 100, 0)
    keeper.take(GATEWAY, T + 50, 3000, 0)
    assert read(keeper, 0) == (T, [NETWORK, 100, 0])


def test_what_is_not_tight_is_followed_only_as_the_tightest():
    for source, other, followed in ((2000, 10, GATEWAY), (2001, 10, NETWORK), (2002, 2001, NETWORK), (2001, 2002, GATEWAY)):
        keeper = Timekeeper()
        keeper.take(NETWORK, T, other, 0)
        keeper.take(GATEWAY, T, source, 0)
        assert keeper.source == followed


def test_the_most_trusted_of_the_tight_is_followed_else_the_tightest():
    keeper = Timekeeper()
    keeper.take(HOST, T, 1000, 0)
    keeper.take(NETWORK, T + 100, 20, 0)
    assert keeper.source == HOST
    keeper.take(GATEWAY, T - 50, 900, 0)
    assert keeper.source == GATEWAY
    keeper.take(NETWORK, T + DAY, 20, DAY)
    assert keeper.source == NETWORK
    keeper.take(GATEWAY, T + DAY, 900, DAY)
    assert keeper.source == GATEWAY
