"""Signing takes long: readings, ends of intervals, power cuts and failing signers between any two of its steps."""

from firmware.hal import fake
from firmware.meter.certifier import Certifier
from firmware.meter.reading import Reading
from firmware.meter.timekeeper import Moment
from firmware.wire import certificate, cose
from firmware.wire.clock import ClockQuality
from firmware.wire.receipt import CERTIFICATE
from firmware.wire.signer import SignerError
from firmware.wire.steps import finish
from tests.portable.sample import CONFIG


def now(clock):
    """The moment by the fake board's clocks."""
    return Moment(clock.ticks_ms(), clock.wall_ms(), ClockQuality(clock.quality(), clock.uncertainty_ms(), 0))


class Bench:
    """A meter whose device counts 1 Wh a second and is read every second; ``steps`` of signing between two readings."""

    def __init__(self, steps):
        self.board = fake.Board()
        self.wh = 1000
        self.steps = steps
        self.kept = {}
        self.start()

    def start(self):
        """(Re)start the meter: what was not on the flash is gone, and so is a signature half done."""
        self.meter = Certifier(CONFIG, self.board)
        self.signing = None

    def run(self, seconds):
        for _ in range(seconds):
            clock = self.board.clock
            self.meter.read(now(clock), Reading(3600, self.wh, 0), True)
            for _ in range(self.steps):
                self.step()
            clock.advance(1000)
            self.wh += 1

    def step(self):
        """One step, as the meter's task takes them."""
        if self.signing is None:
            self.signing = self.meter.certify_steps()
        try:
            next(self.signing)
        except StopIteration as end:
            self.signing = None
            if end.value is not None:
                self.keep(end.value)

    def keep(self, head):
        assert head.seq not in self.kept
        self.kept[head.seq] = self.meter.store.statements.read(CERTIFICATE, head.seq)
        assert self.meter.issuer.head is head

    def check(self):
        """The certificates are one chain without a hole in numbers, ids, energy and time; returns their bodies."""
        bodies, previous = [], None
        for seq in range(1, len(self.kept) + 1):
            statement = cose.parse(self.kept[seq])
            body = certificate.decode(statement.payload)
            assert (body.seq, body.prev) == (seq, previous)
            if bodies:
                assert (body.opening, body.t0) == (bodies[-1].closing, bodies[-1].end)
            previous = statement.id
            bodies.append(body)
        return bodies


def test_readings_during_a_signature_are_in_the_next_interval():
    slow, quick = Bench(10), Bench(1000)
    slow.run(60)
    quick.run(60)
    assert len(slow.kept) == len(quick.kept) == 5
    for seq, data in slow.kept.items():
        assert data == quick.kept[seq]
    assert slow.meter.held == 0
    assert [body.rows[0][0] for body in slow.check()] == [1, 2, 2, 2, 2]


def test_an_interval_that_ends_during_a_signature_is_in_the_next_certificate():
    bench = Bench(4)
    bench.run(101)
    assert bench.meter.held == 5
    bodies = bench.check()
    assert len(bodies) == 4
    assert [body.end - body.t0 for body in bodies] == [10, 20, 20, 20]
    for body in bodies[1:]:
        assert body.status & certificate.CATCH_UP
        assert body.closing[0] - body.opening[0] == 20
    bench.steps = 1000
    bench.run(40)
    bodies = bench.check()
    assert bodies[-1].closing[0] in range(bench.wh - 13, bench.wh)
    assert bodies[-1].status == 0


def test_a_power_cut_after_any_step_is_harmless():
    for cut in range(0, 80, 3):
        bench = Bench(0)
        bench.run(11)
        for _ in range(cut):
            bench.step()
        before = dict(bench.kept)
        bench.start()
        bench.steps = 1000
        bench.run(30)
        bodies = bench.check()
        assert bodies[0].opening == (1000, 0)
        assert bodies[-1].closing[0] in range(bench.wh - 13, bench.wh)
        for seq, data in before.items():
            assert bench.kept[seq] == data


def test_nothing_of_a_certificate_is_on_the_flash_or_sent_before_its_signature():
    bench = Bench(0)
    bench.run(11)
    files = dict(bench.board.files.content)
    while bench.signing or not bench.kept:
        assert bench.meter.delivery.due(0) is None
        assert bench.board.files.content == files
        bench.step()
    assert bench.meter.delivery.due(0) == (1, bench.kept[1])


def test_a_full_flash_at_the_end_of_a_signature_loses_no_energy():
    bench = Bench(10)
    bench.run(11)
    bench.board.files.capacity = 0
    bench.run(30)
    assert (bench.kept, bench.meter.held) == ({}, 3)
    bench.board.files.capacity = 1 << 20
    bench.steps = 1000
    bench.run(20)
    bodies = bench.check()
    assert bodies[0].opening == (1000, 0)
    assert bodies[-1].closing[0] in range(bench.wh - 13, bench.wh)


def test_a_signer_that_fails_is_asked_again_for_the_same_certificate():
    bench = Bench(0)
    bench.run(11)
    signer = bench.meter.issuer.signer
    good = signer.sign_steps

    def failing(digest):
        yield
        raise SignerError(f"no answer for {len(digest)} bytes")

    signer.sign_steps = failing
    for _ in range(3):
        try:
            finish(bench.meter.certify_steps())
            raise AssertionError("it signed")
        except SignerError:
            pass
        bench.run(1)
    assert bench.meter.store.statements.last(CERTIFICATE) == 0
    signer.sign_steps = good
    bench.keep(finish(bench.meter.certify_steps()))
    assert bench.check()[0].closing == (1009, 0)
    bench.steps = 1000
    bench.run(20)
    assert [body.closing[0] for body in bench.check()] == [1009, 1019, 1029]


def test_without_a_closed_interval_there_is_nothing_to_certify():
    bench = Bench(0)
    bench.run(9)
    assert finish(bench.meter.certify_steps()) is None
    assert (bench.meter.store.statements.last(CERTIFICATE), bench.meter.held) == (0, 0)
