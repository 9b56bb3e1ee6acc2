"""The LED: the worst comes first, and each state blinks in its own way."""

from firmware.meter import blinker


def flashes(pattern):
    """(times that the lamp goes on, thousandths of the time that it shines) in one round of the pattern."""
    round_ms = sum(pattern)
    lit = [blinker.shines(pattern, now) for now in range(round_ms)]
    return sum([lit[now] and not lit[now - 1] for now in range(round_ms)]), 1000 * sum(lit) // round_ms


def test_flashes_are_counted_from_across_the_road():
    patterns = (blinker.WELL, blinker.DEBT, blinker.NO_NETWORK, blinker.NO_BUS)
    assert [flashes(pattern)[0] for pattern in patterns] == [1, 2, 3, 4]
    assert flashes(blinker.STARTING) == (1, 500)
    assert flashes(blinker.SAFE_MODE)[1] > 900
    assert sum(blinker.UPDATING) < 200


def test_a_pattern_repeats():
    for now in range(0, 4000, 30):
        assert blinker.shines(blinker.DEBT, now) == blinker.shines(blinker.DEBT, now + 7 * sum(blinker.DEBT))


def test_the_worst_is_shown():
    well = {"started": True, "bus": True, "link": True, "debt": 1}
    for change, pattern in (
        ({}, blinker.WELL),
        ({"debt": 2}, blinker.DEBT),
        ({"debt": 2, "link": False}, blinker.NO_NETWORK),
        ({"link": False, "bus": False}, blinker.NO_BUS),
        ({"bus": False, "started": False}, blinker.STARTING),
        ({"started": False, "updating": True}, blinker.UPDATING),
        ({"updating": True, "safe": True}, blinker.SAFE_MODE),
    ):
        state = dict(well)
        state.update(change)
        assert blinker.choose(**state) == pattern
