"""Boot selector and supervisor: trials, boot loops, and a watchdog that only local progress feeds."""

from firmware import boot
from firmware.hal import fake
from firmware.meter.progress import LIMIT_MS, SETTLED_MS, TRIAL_MS, Progress
from firmware.meter.supervisor import Restart, Supervisor

BOTH = ["a", "b"]
MINUTE = 60_000


class Record(boot.Record):
    """A record that counts how often it was kept."""

    saved = 0

    def __init__(self, **fields):
        super().__init__("/nowhere")
        for key, value in fields.items():
            setattr(self, key, value)

    def save(self):
        self.saved += 1


def started(record, usable=BOTH, times=1):
    for _ in range(times):
        boot.count_start(record, usable)
    return record


class Life:
    """A supervised meter on a clock that the test moves."""

    def __init__(self, record=None, interval_s=60, poll_ms=500):
        self.clock = fake.Clock()
        self.watchdog = fake.Watchdog(self.clock)
        self.progress = Progress(0, poll_ms, interval_s)
        self.supervisor = Supervisor(record, self.progress, self.watchdog, 0)

    @property
    def now(self):
        return self.clock.ticks_ms()

    def run(self, ms, bus=True, certifier=True, sampled=False):
        """Let ``ms`` pass; the reason of the restart that ends it, None if none does."""
        for _ in range(ms // 1000):
            self.clock.advance(1000)
            if bus:
                self.progress.tried(sampled)
            if certifier:
                self.progress.looked()
            try:
                self.supervisor.tick(self.now)
            except Restart as restart:
                return str(restart)
        return None


def test_without_a_record_the_factory_application_runs():
    record = started(Record())
    assert (record.running, record.boots, record.safe, record.reason) == ("", 1, False, "")


def test_the_reason_of_the_last_end_is_handed_on_once():
    record = Record()
    boot.count_end(started(record), "", "exit status 1")
    assert started(record).reason == "exit status 1"
    assert started(record).reason == ""


def test_after_five_starts_without_progress_it_is_safe_mode():
    record = started(Record(slot="a"), times=5)
    assert not record.safe
    assert started(record).safe
    assert record.running == "a"


def test_an_application_that_cannot_even_be_safe_is_given_up():
    record = started(Record(slot="a"), times=10)
    assert (record.running, record.safe) == ("a", True)
    assert (started(record).running, record.safe) == ("", False)
    assert started(Record(slot="a"), usable=["b"]).running == ""


def test_a_trial_has_three_starts():
    record = Record(slot="a", trial="b", version=3, floor=2)
    for _ in range(3):
        assert started(record).running == "b"
    assert started(record).running == "a"
    assert (record.floor, record.boots) == (3, 1)
    assert (record.version, record.result, record.told) == (3, "rolled back: it did not confirm itself", False)


def test_a_trial_that_fails_is_over_at_once():
    record = started(Record(slot="a", trial="b", version=3))
    boot.count_end(record, "b", "ValueError: no")
    assert (record.running, record.floor, record.ended) == ("a", 3, "ValueError: no")
    assert started(Record(slot="a", trial="b"), usable=["a"]).running == "a"


def test_the_end_of_the_old_application_does_not_end_the_trial_it_ordered():
    record = started(Record(slot="a"))
    record.begin_trial("b", 3)
    boot.count_end(record, "a", "exit status 75")
    assert (record.trial, record.ended) == ("b", "update to version 3")


def test_a_task_that_stands_still_ends_the_meter_within_the_minute_and_says_which():
    for stuck, words in (({"bus": False}, "bus task"), ({"certifier": False}, "certifying")):
        record = Record(boots=1)
        life = Life(record)
        assert life.run(10 * MINUTE) is None
        assert words in life.run(10 * MINUTE, **stuck)
        assert life.now <= 10 * MINUTE + LIMIT_MS + 500 + 1000
        assert words in record.ended
        assert record.saved == 2


def test_a_long_pause_between_polls_is_no_standstill():
    life = Life(poll_ms=60_000)
    assert life.run(LIMIT_MS + 59_000, bus=False) is None


def test_a_computer_that_slept_is_no_standstill():
    life = Life()
    life.clock.advance(60 * MINUTE)
    assert life.run(20_000, bus=False, certifier=False) is None


def test_progress_is_a_certificate_or_a_time_in_which_none_was_due():
    for stored in (True, False):
        record = Record(boots=4)
        life = Life(record)
        life.run(5000)
        assert record.boots == 4
        if stored:
            life.progress.stored()
            life.run(1000)
        else:
            life.run(60_000 + SETTLED_MS)
        assert (record.boots, record.saved) == (0, 1)


def test_a_trial_is_confirmed_by_a_reading_and_a_certificate():
    record = Record(slot="a", trial="b", version=3)
    life = Life(record)
    life.run(MINUTE, sampled=True)
    assert record.trial == "b"
    life.progress.stored()
    assert life.run(1000) is None
    assert (record.slot, record.trial, record.floor, record.saved) == ("b", "", 3, 1)
    assert (record.version, record.result, record.told) == (3, "confirmed", False)


def test_a_trial_without_reading_or_certificate_is_rolled_back_after_ten_minutes():
    for sampled in (True, False):
        record = Record(slot="a", trial="b", version=3)
        life = Life(record)
        if not sampled:
            life.progress.stored()
        assert "rolled back" in life.run(2 * TRIAL_MS, sampled=sampled)
        assert life.now == TRIAL_MS
        assert (record.running, record.floor) == ("a", 3)


def test_a_trial_does_not_wait_for_a_long_interval():
    record = Record(slot="a", trial="b", version=3)
    assert Life(record, interval_s=900).run(5 * MINUTE, sampled=True) is None
    assert record.slot == "b"


def test_safe_mode_is_no_progress_and_ends_after_an_hour():
    record = Record(slot="a", boots=6)
    life = Life(record)
    assert life.run(59 * MINUTE) is None
    assert record.boots == 6
    assert "another attempt" in life.run(2 * MINUTE)
    assert life.now == 60 * MINUTE
    assert not started(record).safe
    assert started(record).safe


def test_a_trial_out_of_safe_mode_is_no_safe_mode():
    record = started(Record(slot="a", boots=6))
    assert record.safe
    record.trial = "b"
    assert not started(record).safe
