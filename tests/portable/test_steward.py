"""The steward: one command after the other, and nothing is taken for told before it is on the flash."""

from firmware.meter.commands import Replayed
from firmware.meter.notes import StoreFull
from firmware.meter.steward import Steward
from firmware.wire.fields import WireError
from firmware.wire.steps import finish


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind:
        return True
    return False


class Moment:
    def __init__(self, time_ms, uptime_ms):
        self.time_ms = time_ms
        self.uptime_ms = uptime_ms


class Events:
    """Notes events; the test says when they are on the flash."""

    def __init__(self):
        self.noted = []
        self.waiting = 0

    def record(self, _now, kind, details):
        self.noted.append((kind, details))
        self.waiting += 1


class Order:
    """Stands for a command."""

    kind = 2

    def __init__(self, number):
        self.number = number


class Control:
    answer = None


class Supply:
    """Owes one event for each command."""

    def __init__(self):
        self.control = Control()
        self.times = []
        self.kept_events = 0
        self.settled = True

    def tick(self, at, now):
        self.times.append((at, now))

    def obeyed(self, now):
        self.control.answer = now

    def event(self, _at, _now):
        return None if self.control.answer is None or not self.settled else (5, {1: self.control.answer})

    def kept(self):
        self.kept_events += 1
        self.control.answer = None


class Bench:
    def __init__(self):
        self.events, self.supply, self.log, self.done = Events(), Supply(), [], []
        self.failing = None
        self.steward = Steward(self, self.supply, self.events, self.log.append)
        self.uptime = 0

    def read_steps(self, payload):
        yield
        return Order(payload)

    def take(self, number):
        finish(self.steward.take_steps(number))

    def obey(self, order, at):
        if self.failing:
            raise self.failing
        self.done.append((order.number, at))

    def tick(self, times=1, time_ms=1_800_000_000_500):
        for _ in range(times):
            self.uptime += 100
            self.steward.tick(Moment(time_ms, self.uptime))

    def flush(self):
        self.events.waiting = 0


def test_the_next_command_waits_for_the_answer_of_the_one_before():
    bench = Bench()
    for number in (1, 2):
        bench.take(number)
    bench.tick(9)
    assert (bench.done, len(bench.events.noted)) == ([(1, 1_800_000_000)], 1)
    bench.flush()
    bench.tick(3)
    assert [number for number, _ in bench.done] == [1, 2]
    assert bench.supply.kept_events == 1


def test_an_answer_that_waits_for_the_contact_is_waited_for():
    bench = Bench()
    bench.supply.settled = False
    for number in (1, 2):
        bench.take(number)
    bench.tick(9)
    assert [number for number, _ in bench.done] == [1]


def test_an_event_is_not_told_before_it_is_on_the_flash():
    bench = Bench()
    bench.take(1)
    bench.tick(5)
    assert (len(bench.events.noted), bench.supply.kept_events) == (1, 0)
    bench.flush()
    bench.tick(5)
    assert (len(bench.events.noted), bench.supply.kept_events) == (1, 1)


def test_an_event_waits_for_room_among_others():
    bench = Bench()
    bench.events.waiting = 3
    bench.take(1)
    bench.tick(5)
    assert bench.events.noted == []
    bench.flush()
    bench.tick(1)
    assert len(bench.events.noted) == 1


def test_the_contact_is_looked_after_whatever_waits():
    bench = Bench()
    bench.take(1)
    bench.tick(5, None)
    assert bench.done == [(1, None)]
    assert bench.supply.times == [(None, 100 * number) for number in range(1, 6)]


def test_what_is_not_obeyed_is_logged_and_stops_nothing():
    bench = Bench()
    for error, text in ((Replayed("is a replay"), "refused: is a replay"), (StoreFull(), "command 1 not obeyed")):
        bench.failing = error
        bench.take(1)
        bench.tick()
        assert text in bench.log[-1]
    bench.failing = None
    bench.take(2)
    bench.tick()
    assert [number for number, _ in bench.done] == [2]


def test_a_flood_is_dropped():
    bench = Bench()
    for number in range(8):
        bench.take(number)
    assert raises(WireError, bench.take, 8)
    for _ in range(30):
        bench.tick(3)
        bench.flush()
    assert [number for number, _ in bench.done] == list(range(8))
