"""Metering before the time is known: nothing is lost, nothing is dated before it can be, the chain has no hole."""

from firmware.hal import fake
from firmware.meter.adrift import Adrift
from firmware.meter.certifier import Certifier
from firmware.meter.energy import Energy
from firmware.meter.reading import Reading
from firmware.meter.timekeeper import Moment
from firmware.wire import certificate, cose, event
from firmware.wire.certificate import CATCH_UP, IMPLAUSIBLE, MISSING, PARTIAL
from firmware.wire.clock import NETWORK, NEVER_SET, ClockQuality
from firmware.wire.receipt import CERTIFICATE, EVENT
from firmware.wire.steps import finish
from tests.portable.sample import CONFIG

T = 1_800_000_000
SURE = ClockQuality(NETWORK, 40, 0)


class Bench:
    """A meter that knows the time or not, and a device that counts 1 Wh a second, read every second."""

    def __init__(self):
        self.board = fake.Board()
        self.second = 0  # since the world began, which was at T
        self.start(known=True)

    def start(self, known=False):
        """(Re)start: what was not on the flash is gone, and so is the time if it is not ``known``."""
        self.meter = Certifier(CONFIG, self.board)
        self.booted = self.second
        self.known = known

    def now(self):
        uptime = 1000 * (self.second - self.booted)
        return Moment(uptime, 1000 * (T + self.second), SURE) if self.known else Moment(uptime, None, NEVER_SET)

    def run(self, seconds):
        for _ in range(seconds):
            self.meter.read(self.now(), Reading(3600, 1000 + self.second, 0), True)
            self.sign()
            self.second += 1

    def sign(self):
        for _ in range(3):
            finish(self.meter.certify_steps())
            self.meter.tick(self.now())

    def bodies(self):
        kept = self.meter.store.statements
        return [certificate.decode(cose.parse(kept.read(CERTIFICATE, seq)).payload) for seq in kept.pending(CERTIFICATE)]

    def check(self, opening=1000):
        """The certificates are one chain without a hole in energy and time, and each total is true to a second or two."""
        bodies = self.bodies()
        assert bodies[0].opening == (opening, 0)
        for at in range(1, len(bodies)):
            assert (bodies[at].opening, bodies[at].t0) == (bodies[at - 1].closing, bodies[at - 1].end)
        for body in bodies:
            assert abs(body.closing[0] - (1000 + body.end - T)) <= 2
        return bodies


def test_rows_before_the_time_are_certified_once_it_is_known():
    bench = Bench()
    bench.run(25)
    bench.start()
    bench.second += 60
    bench.start()
    bench.run(21)
    assert len(bench.bodies()) == 2
    bench.known = True
    bench.run(30)
    bodies = bench.check()
    assert [body.end - body.t0 for body in bodies] == [10, 10, 65, 20, 5, 10, 10]
    catch_up, stretch, rest = bodies[2:5]
    assert [row[6] for row in catch_up.rows] == [CATCH_UP]
    assert [row[:3] for row in stretch.rows] == [(1, 0, 3600)] + [(2, 0, 3600)] * 9
    assert (stretch.t0, stretch.dt, stretch.status) == (T + 85, 2, 0)
    assert rest.status == CATCH_UP | PARTIAL
    assert [body.clock.source for body in bodies] == [NETWORK] * 7


def test_time_that_comes_within_the_first_row_leaves_a_catch_up():
    bench = Bench()
    bench.run(25)
    bench.second += 60
    bench.start()
    bench.run(1)
    bench.known = True
    bench.run(30)
    bodies = bench.check()
    assert [body.end - body.t0 for body in bodies] == [10, 10, 70, 10, 10]
    assert bodies[2].status & CATCH_UP


def test_a_power_cut_before_the_time_is_known_loses_no_energy():
    bench = Bench()
    bench.run(25)
    for _ in range(3):
        bench.start()
        bench.run(40)
    assert len(bench.bodies()) == 2
    bench.start()
    bench.run(4)
    bench.known = True
    bench.run(30)
    bench.check()


def test_a_power_cut_between_the_certificates_of_a_stretch_loses_none():
    for signed in range(3):
        bench = Bench()
        bench.run(25)
        bench.start()
        bench.run(21)
        bench.known = True
        bench.meter.tick(bench.now())
        for _ in range(signed):
            finish(bench.meter.certify_steps())
            bench.meter.tick(bench.now())
        assert len(bench.bodies()) == 2 + signed
        bench.start(known=True)
        bench.run(30)
        bench.check()


def test_the_first_readings_ever_begin_the_record():
    bench = Bench()
    bench.start()
    bench.run(21)
    assert bench.bodies() == []
    bench.known = True
    bench.meter.tick(bench.now())
    bench.start(known=True)
    bench.run(30)
    assert bench.check()[0].t0 == T
    bench = Bench()
    bench.start()
    bench.run(21)
    bench.known = True
    bench.run(30)
    bodies = bench.check()
    assert (bodies[0].t0, bodies[0].dt, len(bodies[0].rows), bodies[0].status) == (T, 2, 10, 0)


def test_a_clock_that_says_earlier_than_the_record_overlaps_nothing():
    bench = Bench()
    bench.run(25)
    bench.start()
    bench.run(21)
    bench.known = True
    bench.second -= 15
    bench.meter.tick(Moment(1000 * 21, 1000 * (T + 31), SURE))
    bench.sign()
    bodies = bench.bodies()
    assert [(body.t0 - T, body.end - T) for body in bodies] == [(0, 10), (10, 20), (20, 22), (22, 30)]
    assert bodies[2].opening == bodies[1].closing
    assert bodies[2].closing[0] - bodies[2].opening[0] == 17
    assert [row[0] for row in bodies[3].rows] == [2] * 4


def test_nothing_is_left_of_a_stretch_that_the_record_covers():
    adrift = Adrift(2, T, Energy((1000, 0), (0, 0), T))
    for second in range(9):
        adrift.add(1000 * second, Reading(3600, 1000 + second, 0))
    assert adrift.anchor(1000 * (T - 50), 9000) == []
    for energy in (None, Energy((1000, 0), (0, 0), T)):
        assert Adrift(2, T, energy).anchor(1000 * (T + 50), 9000) == []
    adrift = Adrift(2, None, None)
    adrift.add(0, Reading(3600, 1000, 0))
    assert adrift.anchor(1000 * T, 1999) == []


def test_a_long_wait_is_merged_and_adds_up():
    adrift = Adrift(2, None, None)
    for second in range(1000):
        adrift.add(1000 * second, Reading(3600 + second, 1000 + second, second // 2, 2300, 50_000, 500))
    (stretch,) = adrift.anchor(1000 * (T + 1000), 1_000_000)
    assert (stretch.t0, stretch.dt, len(stretch.rows), stretch.status) == (T, 32, 31, 0)
    assert sum(row[0] for row in stretch.rows) == stretch.closing[0] - stretch.opening[0] == 991
    assert sum(row[1] for row in stretch.rows) == stretch.closing[1] == 495
    assert stretch.rows[1] == (32, 16, 3648, 2300, 0, 500, 0)
    assert stretch.closing == (1991, 495)


def test_stretches_without_a_reading_are_missing_and_their_energy_late():
    adrift = Adrift(2, None, None)
    for second in (0, 1, 2, 3, 9, 10):
        adrift.add(77_000 + 1000 * second, Reading(3600, 1000 + second, 0))
    (stretch,) = adrift.anchor(1000 * T + 500, 77_000 + 12_500)
    assert stretch.t0 == T - 12
    assert [(row[0], row[6]) for row in stretch.rows] == [(1, 0), (2, 0), (0, MISSING), (0, MISSING), (6, CATCH_UP), (1, 0)]


def test_the_record_begins_with_the_first_registers():
    adrift = Adrift(2, None, None)
    adrift.add(0, Reading(3600))
    assert adrift.energy is None
    for second in (5, 6, 7):
        adrift.add(1000 * second, Reading(3600, 1000 + second, 0))
    (stretch,) = adrift.anchor(1000 * (T + 7), 7000)
    assert (stretch.t0, stretch.opening, stretch.closing) == (T + 5, (1005, 0), (1006, 0))


def test_readings_without_registers_leave_their_energy_to_the_next_with():
    adrift = Adrift(2, T, Energy((1000, 0), (0, 0), T))
    adrift.add(0, Reading(3600))
    adrift.add(1000, Reading(3600, 1005, 0))
    adrift.add(2000, Reading(3600))
    adrift.add(4000, Reading(3600, 1007, 0))
    catch_up, stretch = adrift.anchor(1000 * (T + 66), 6000)
    assert (catch_up.closing, stretch.opening, stretch.t0) == ((1000, 0), (1000, 0), T + 60)
    assert [(row[0], row[2], row[6]) for row in stretch.rows] == [(5, 3600, CATCH_UP), (0, 3600, 0), (2, 3600, CATCH_UP)]


def test_a_long_silence_may_hide_much_energy():
    for known, first in (((None, None), Reading(3600, 1000, 0)), ((T, Energy((1000, 0), (0, 0), T)), Reading(3600))):
        adrift = Adrift(2, *known)
        adrift.add(5000, first)
        adrift.add(4 * 3_600_000, Reading(3600, 3_001_000, 0))
        assert adrift.energy.registers == (3_001_000, 0)


def test_means_of_merged_rows_are_of_what_was_measured():
    adrift = Adrift(1, None, None)
    volts = [None, 2300, 2310, None, None, None, 2290, 2310]
    for second in range(60):
        adrift.add(1000 * second, Reading(3600, 1000 + second, 0, volts[second % 8]))
    (stretch,) = adrift.anchor(1000 * (T + 60), 60_000)
    assert [row[3] for row in stretch.rows[:4]] == [2300, 2310, None, 2300]


def test_merging_keeps_what_was_sampled():
    adrift = Adrift(1, None, None)
    for second in range(0, 60, 3):
        adrift.add(1000 * second, Reading(3000, 1000 + second, 0, 2300))
    (stretch,) = adrift.anchor(1000 * (T + 60), 60_000)
    assert (stretch.dt, len(stretch.rows)) == (2, 30)
    assert stretch.rows[0] == (0, 0, 3000, 2300, None, None, PARTIAL)
    assert stretch.rows[1][6] == PARTIAL | CATCH_UP
    assert stretch.rows[2] == (0, 0, 0, None, None, None, MISSING)


def test_a_device_replaced_before_the_time_is_known_is_told_once_and_counted_on():
    bench = Bench()
    bench.run(25)
    bench.start()
    for wh in (1026, 5_000_000, 5_000_001, 5_000_002):
        bench.meter.read(bench.now(), Reading(3600, wh, 0), True)
        bench.second += 1
    bench.known = True
    for wh in range(5_000_003, 5_000_030):
        bench.meter.read(bench.now(), Reading(3600, wh, 0), True)
        bench.sign()
        bench.second += 1
    finish(bench.meter.events.keep_steps())
    kept = bench.meter.store.statements
    (number,) = kept.pending(EVENT)
    body = event.decode(cose.parse(kept.read(EVENT, number)).payload)
    assert (body.kind, body.time_ms, body.uptime_ms) == (event.COUNTER, None, 3000)
    bodies = bench.bodies()
    assert any(row[6] & IMPLAUSIBLE for body in bodies for row in body.rows)
    assert 1026 + 2 < bodies[-1].closing[0] <= 1026 + 30
