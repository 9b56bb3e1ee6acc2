"""Outbox: what is sent when, with time and chance given."""

from firmware.meter.outbox import BACKFILL_MS, FIRST_MS, LONGEST_MS, WINDOW, Outbox


class Bench:
    """An outbox over a list of what is pending, and a clock that runs by ``step`` milliseconds."""

    def __init__(self, backlog=0):
        self.pending = list(range(1, backlog + 1))
        self.outbox = Outbox(self.pending)
        self.now = 0
        self.sent = []

    def add(self, number):
        self.pending.append(number)
        self.outbox.add(number)

    def free(self, number):
        self.pending.remove(number)
        self.outbox.freed(number, self.now)

    def drain(self, chance=0):
        """Send all that is due now, and return it."""
        sent = []
        while True:
            number = self.outbox.due(self.now)
            if number is None:
                self.sent.extend([(self.now, number) for number in sent])
                return sent
            self.outbox.sent(number, self.now, chance)
            sent.append(number)

    def run(self, ms, step=50):
        """Let time pass; returns what was sent in it."""
        sent = []
        for _ in range(ms // step):
            self.now += step
            sent.extend(self.drain())
        return sent

    def check_rate(self, live):
        """No two sendings of other than ``live`` statements' first ones are closer than BACKFILL_MS."""
        first = set()
        times = []
        for now, number in self.sent:
            if number in live and number not in first:
                first.add(number)
            else:
                times.append(now)
        for index in range(1, len(times)):
            assert times[index] - times[index - 1] >= BACKFILL_MS


def test_a_new_statement_goes_at_once_and_again_with_doubling_pauses():
    bench = Bench()
    bench.add(1)
    bench.drain()
    bench.run(400_000, 1000)
    times = [now for now, _ in bench.sent]
    pauses = [times[index] - times[index - 1] for index in range(1, len(times))]
    assert pauses[:6] == [3000, 6000, 12000, 24000, 48000, 60000]
    assert set(pauses[5:]) == {LONGEST_MS}


def test_chance_stretches_a_pause_by_up_to_a_quarter():
    bench = Bench()
    bench.add(1)
    bench.drain(chance=255)
    assert bench.outbox.due(FIRST_MS + FIRST_MS * 255 // 1024 - 1) is None
    assert bench.outbox.due(FIRST_MS + FIRST_MS * 255 // 1024) == 1


def test_a_receipt_ends_it():
    bench = Bench()
    bench.add(1)
    bench.drain()
    bench.free(1)
    assert bench.run(3 * LONGEST_MS) == []


def test_a_receipt_before_the_first_sending_ends_it_too():
    bench = Bench()
    bench.add(1)
    bench.free(1)
    bench.outbox.sent(1, 0, 0)
    assert bench.run(3 * LONGEST_MS) == []


def test_a_receipt_while_it_is_being_sent_ends_it_too():
    bench = Bench()
    bench.add(1)
    assert bench.outbox.due(0) == 1
    bench.free(1)
    bench.outbox.sent(1, 0, 0)
    assert bench.run(3 * LONGEST_MS) == []


def test_a_queue_goes_oldest_first_in_a_window():
    bench = Bench(100)
    assert bench.run(FIRST_MS - BACKFILL_MS) == list(range(1, WINDOW + 1))
    bench.free(3)
    assert bench.run(BACKFILL_MS) == [WINDOW + 1]


def test_a_new_statement_passes_the_queue_once():
    bench = Bench(100)
    bench.run(FIRST_MS - BACKFILL_MS)
    bench.add(101)
    assert bench.drain() == [101]
    assert 101 not in bench.run(2 * LONGEST_MS)
    for number in range(1, 101):
        bench.free(number)
    assert bench.run(BACKFILL_MS) == [101]


def test_a_weeks_debt_is_paid_in_order_at_the_rate_while_live_ones_pass():
    week = 7 * 96
    bench = Bench(week)
    live = []
    answers = []
    while bench.pending:
        if bench.now % 20_000 == 0:
            number = week + len(live) + 1
            live.append((bench.now, number))
            bench.add(number)
        answers.extend([(bench.now + 800, number) for number in bench.drain()])
        while answers and answers[0][0] <= bench.now:
            bench.free(answers.pop(0)[1])
        bench.now += 50
    backlog = [number for _, number in bench.sent if number <= week]
    assert backlog == list(range(1, week + 1))
    assert [(now, number) for now, number in bench.sent if number > week] == live
    bench.check_rate([number for _, number in live])
    last = next(now for now, number in bench.sent if number == week)
    assert last in range((week - 1) * BACKFILL_MS, week * BACKFILL_MS * 11 // 10)


def test_without_receipts_the_same_few_go_again_and_again_at_the_rate():
    bench = Bench(1000)
    sent = bench.run(600_000)
    assert set(sent) == set(range(1, WINDOW + 1))
    bench.check_rate([])
    assert len(sent) < 120


def test_a_receipt_brings_the_others_forward():
    bench = Bench(2)
    bench.run(22_000)
    bench.free(1)
    assert bench.run(FIRST_MS + BACKFILL_MS) == [2]


def test_the_gateway_may_ask_for_what_we_hold_and_gets_it_at_the_rate():
    bench = Bench(50)
    bench.run(FIRST_MS - BACKFILL_MS)
    bench.outbox.resend(8, 20)
    assert bench.run(13 * BACKFILL_MS) == list(range(8, 21))
    bench.outbox.resend(60, 70)
    assert min(bench.run(BACKFILL_MS)) <= WINDOW
    bench.check_rate([])


def test_asking_again_and_again_is_no_flood():
    bench = Bench(1000)
    for _ in range(100):
        bench.outbox.resend(1, 1000)
        bench.outbox.reconnected(bench.now)
        bench.run(100)
    assert len(bench.sent) <= 10_000 // BACKFILL_MS
    bench.check_rate([])


def test_a_live_one_within_what_is_asked_for_leaves_out_none():
    bench = Bench(20)
    bench.run(FIRST_MS - BACKFILL_MS)
    bench.outbox.resend(10, 21)
    bench.add(21)
    assert bench.run(13 * BACKFILL_MS)[:13] == [21] + list(range(10, 22))  # noqa: RUF005 - MicroPython unpacks no list displays


def test_a_new_link_makes_everything_on_its_way_due():
    bench = Bench(2)
    bench.run(2 * BACKFILL_MS)
    bench.outbox.reconnected(bench.now)
    assert bench.run(2 * BACKFILL_MS) == [1, 2]
