"""The load limit: who draws too much for too long is cut off for a while, and who draws much for a moment is not."""

from firmware.meter.load_control import FIRST_MS, LONGEST_MS, LoadLimit

LIMIT = 1000, 30


class Bench:
    """A limit, a load, and a clock."""

    def __init__(self):
        self.load = LoadLimit()
        self.now = 0

    def draw(self, w, seconds, limit=LIMIT):
        """Read ``w`` every second; whether the contact has to open within that time, and after which second."""
        for second in range(seconds):
            self.now += 1000
            self.load.sample(w, limit, self.now)
            if self.load.is_tripped(self.now):
                return second
        return None

    def wait_closed(self):
        """Milliseconds until the contact may close."""
        start = self.now
        while self.load.is_tripped(self.now):
            self.now += 1000
        return self.now - start


def test_too_much_for_too_long():
    bench = Bench()
    assert bench.draw(1001, 60) == 30


def test_the_limit_itself_is_allowed():
    assert Bench().draw(1000, 3600) is None


def test_no_limit_no_trip():
    assert Bench().draw(1 << 30, 3600, None) is None


def test_a_short_peak_is_allowed():
    bench = Bench()
    for _ in range(100):
        assert bench.draw(5000, 29) is None
        assert bench.draw(900, 1) is None


def test_a_little_less_for_a_moment_is_still_too_much():
    bench = Bench()
    assert bench.draw(1001, 20) is None
    assert bench.draw(951, 1) is None
    assert bench.draw(1001, 60) == 9


def test_five_percent_less_begins_anew():
    bench = Bench()
    assert bench.draw(1001, 20) is None
    assert bench.draw(950, 1) is None
    assert bench.draw(1001, 60) == 30


def test_nobody_is_cut_off_for_what_nobody_saw():
    bench = Bench()
    assert bench.draw(1001, 20) is None
    bench.now += 60_000
    assert bench.draw(1001, 60) == 30


def test_pauses_grow_and_shrink_again():
    bench = Bench()
    pauses = []
    for _ in range(6):
        bench.draw(1001, 60)
        pauses.append(bench.wait_closed())
    assert pauses == [FIRST_MS, 2 * FIRST_MS, 4 * FIRST_MS, 8 * FIRST_MS, LONGEST_MS, LONGEST_MS]
    bench.draw(10, 3600)
    bench.draw(1001, 60)
    assert bench.wait_closed() == FIRST_MS


def test_another_limit_begins_anew():
    bench = Bench()
    bench.draw(1001, 60)
    assert bench.load.is_tripped(bench.now)
    bench.load.reset()
    assert not bench.load.is_tripped(bench.now)
