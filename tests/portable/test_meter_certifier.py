"""Certifier: the chain of certificates across receipts, power cuts, a full flash and forged messages."""

from firmware.hal import fake
from firmware.meter.certifier import Certifier
from firmware.meter.notes import StoreFull
from firmware.meter.reading import Reading
from firmware.meter.statements import BATCH
from firmware.meter.timekeeper import Moment
from firmware.wire import certificate, cose, es256, event, gap, proof, receipt
from firmware.wire.clock import ClockQuality
from firmware.wire.fields import WireError
from firmware.wire.steps import finish
from tests.portable.sample import CONFIG, GATEWAY

STRANGER = es256.SoftwareSigner(bytes(31) + b"\x06")
INTERVAL_MS = 10_000
SMALL = 48 * 1024  # bytes of flash
FITS = 66  # certificates


def now(clock):
    """The moment by the fake board's clocks."""
    return Moment(clock.ticks_ms(), clock.wall_ms(), ClockQuality(clock.quality(), clock.uncertainty_ms(), 0))


class Bench:
    """A meter on a fake board, a device that counts 1 Wh a second, and what was sent."""

    def __init__(self):
        self.board = fake.Board()
        self.wh = 1000
        self.sent = {}
        self.start()

    def start(self):
        """(Re)start the meter: what was not on the flash is gone."""
        self.meter = Certifier(CONFIG, self.board)

    def run(self, seconds):
        """Poll and send every second."""
        for _ in range(seconds):
            self.poll()
            self.board.clock.advance(1000)
            self.wh += 1

    def poll(self):
        self.read()
        self.certify()
        self.send()

    def go_on(self, intervals):
        """Poll five times an interval, with nobody to send to."""
        for _ in range(5 * intervals):
            self.read()
            self.certify()
            self.board.clock.advance(INTERVAL_MS // 5)
            self.wh += 2

    def read(self):
        clock = self.board.clock
        self.meter.read(now(clock), Reading(3600, self.wh, 0), True)

    def certify(self):
        """As the app does it: events first, as far as there is room."""
        try:  # noqa: SIM105 - boards have no contextlib
            finish(self.meter.events.keep_steps())
        except StoreFull:
            pass
        return finish(self.meter.certify_steps())

    def send(self):
        clock = self.board.clock
        while True:
            due = self.meter.delivery.due(clock.ticks_ms())
            if due is None:
                return
            seq, data = due
            assert self.sent.setdefault(seq, data) == data
            self.meter.delivery.outbox.sent(seq, clock.ticks_ms(), 0)

    def bodies(self):
        return [certificate.decode(cose.parse(self.sent[seq]).payload) for seq in sorted(self.sent)]

    def check(self):
        """What was sent is one chain without a hole, in numbers, ids, energy and time."""
        bodies = self.bodies()
        assert [body.seq for body in bodies] == list(range(1, len(bodies) + 1))
        for index in range(1, len(bodies)):
            before, after = bodies[index - 1], bodies[index]
            assert after.prev == cose.parse(self.sent[before.seq]).id
            assert (after.opening, after.t0) == (before.closing, before.end)
        return bodies


def receipt_for(seq, data, signer=GATEWAY, site="isle", size=1):
    root = proof.leaf_hash(data)
    path = [bytes(32)] if size > 1 else []
    if path:
        root = proof.node_hash(root, path[0])
    data = receipt.encode(signer.kid, site, size, 0, path, receipt.sign_head(signer, site, root))
    return receipt.wrap(receipt.CERTIFICATE, seq, data)


def refused(steps, *arguments):
    try:
        finish(steps(*arguments))
    except WireError:
        return True
    return False


def test_intervals_become_a_chain():
    bench = Bench()
    bench.run(31)
    bodies = bench.check()
    assert [body.closing for body in bodies] == [(1009, 0), (1019, 0), (1029, 0)]
    assert bodies[0].opening == (1000, 0)
    assert [body.boot for body in bodies] == [1, 1, 1]


def test_a_receipt_frees_and_its_head_is_in_the_next_certificate():
    bench = Bench()
    bench.run(11)
    finish(bench.meter.take_receipt_steps(receipt_for(1, bench.sent[1], size=2), 0))
    assert bench.meter.store.statements.pending(0) == []
    bench.run(10)
    assert bench.bodies()[1].seen == (2, proof.node_hash(proof.leaf_hash(bench.sent[1]), bytes(32)))


def test_a_smaller_tree_does_not_replace_what_was_seen():
    bench = Bench()
    bench.run(21)
    finish(bench.meter.take_receipt_steps(receipt_for(2, bench.sent[2], size=2), 0))
    finish(bench.meter.take_receipt_steps(receipt_for(1, bench.sent[1]), 0))
    bench.run(10)
    assert bench.bodies()[2].seen[0] == 2


def test_only_the_gateways_receipt_for_this_certificate_frees_it():
    bench = Bench()
    bench.run(21)
    data = bench.sent[1]
    for payload in (
        b"",
        receipt_for(1, data)[:-1],
        receipt_for(1, data, signer=STRANGER),
        receipt_for(1, data, site="main"),
        receipt_for(1, bench.sent[2]),
        receipt_for(2, data),
    ):
        assert refused(bench.meter.take_receipt_steps, payload, 0)
    assert bench.meter.store.statements.pending(0) == [1, 2]
    finish(bench.meter.take_receipt_steps(receipt_for(7, data), 0))
    finish(bench.meter.take_receipt_steps(receipt_for(1, data), 0))
    finish(bench.meter.take_receipt_steps(receipt_for(1, data), 0))
    assert bench.meter.store.statements.pending(0) == [2]


def test_a_certificate_that_is_given_up_while_its_receipt_is_checked_is_no_news():
    bench = Bench()
    bench.run(11)
    checking = bench.meter.take_receipt_steps(receipt_for(1, bench.sent[1]), 0)
    for _ in range(50):
        next(checking)
    bench.meter.store.statements.free(0, 1)
    finish(checking)
    assert bench.meter.store.statements.pending(0) == []


def test_a_restart_goes_on_with_chain_energy_and_time():
    bench = Bench()
    bench.run(13)
    bench.start()
    bench.run(1)
    bench.board.clock.advance(45_000)
    bench.wh += 45
    bench.start()
    bench.run(10)
    bodies = bench.check()
    assert [(body.boot, len(body.rows)) for body in bodies] == [(1, 5), (3, 1)]
    assert bodies[1].status == certificate.CATCH_UP | certificate.PARTIAL
    assert bench.meter.store.statements.pending(0) == [1, 2]


def test_a_restart_before_the_first_certificate_keeps_the_first_reading():
    bench = Bench()
    bench.run(3)
    bench.start()
    bench.run(8)
    assert bench.check()[0].opening == (1000, 0)


def test_a_power_cut_at_any_flash_write_loses_nothing():
    for cut in range(30):
        bench = Bench()
        for _ in range(4):
            bench.board.files.fail_after = cut
            try:
                for _ in range(25):
                    bench.run(1)
                    for seq in list(bench.meter.store.statements.pending(0)):
                        if seq in bench.sent:
                            finish(bench.meter.take_receipt_steps(receipt_for(seq, bench.sent[seq]), 0))
            except OSError:
                pass
            bench.board.files.fail_after = None
            bench.board.clock.advance(1000)
            bench.wh += 1
            bench.start()
        bench.run(61)
        bodies = bench.check()
        # until the first reading is on the flash the record has not begun
        assert bodies[0].opening[0] in range(1000, 1005)
        assert bodies[-1].closing[0] in range(bench.wh - 13, bench.wh)


def test_the_offset_of_a_replaced_device_outlives_a_restart():
    bench = Bench()
    bench.run(12)
    bench.wh = 5
    bench.run(5)
    bench.start()
    bench.run(20)
    bodies = bench.check()
    assert bodies[-1].closing == (1011 + 17, 0)


def test_a_full_flash_holds_intervals_and_certifies_their_energy_later():
    bench = Bench()
    bench.run(11)
    bench.board.files.capacity = 0
    bench.run(21)
    assert bench.meter.held == 2
    assert len(bench.sent) == 1
    bench.board.files.capacity = 1 << 20
    bench.run(9)
    bodies = bench.check()
    assert (bodies[1].dt, bodies[1].status & certificate.CATCH_UP) == (30, certificate.CATCH_UP)
    assert bodies[1].closing == (1039, 0)


def gaps(bench):
    """The gaps that the events on the flash tell of, and the certificates that are left, by number."""
    kept = bench.meter.store.statements
    events = [event.decode(cose.parse(kept.read(1, number)).payload) for number in kept.pending(1)]
    left = {seq: certificate.decode(cose.parse(kept.read(0, seq)).payload) for seq in kept.pending(0)}
    return [gap.decode(body.details) for body in events if body.kind == event.GAP], left


def check_all_energy(bench):
    """What was given up and what is left follow each other without a hole in numbers, time and energy."""
    told, left = gaps(bench)
    last = None
    for piece in told:
        assert last is None or (piece.first, piece.t0, piece.opening) == (last.last + 1, last.end, last.closing)
        last = piece
    at = (1, None, (1000, 0)) if last is None else (last.last + 1, last.end, last.closing)
    for seq in sorted(left):
        body = left[seq]
        assert (seq, body.opening) == (at[0], at[2])
        assert body.t0 == at[1] or at[1] is None
        at = seq + 1, body.end, body.closing
    assert at[0] == bench.meter.issuer.head.seq + 1
    return told


def outage(intervals, capacity=SMALL):
    bench = Bench()
    bench.board.files.capacity = capacity
    bench.start()
    bench.go_on(intervals)
    return bench


def test_a_full_flash_gives_up_the_oldest_after_a_signed_gap():
    bench = outage(FITS + 50)
    told = check_all_energy(bench)
    assert (told[0].first, told[0].last) == (1, BATCH)
    assert (bench.meter.held, told[0].opening) == (0, (1000, 0))
    assert len(told) > 1


def test_a_gap_is_kept_before_anything_goes_wherever_the_power_is_cut():
    bench = outage(FITS - 1)
    before, head = dict(bench.board.files.content), bench.meter.issuer.head.seq
    clock, wh = bench.board.clock.ticks_ms(), bench.wh
    for cut in range(200):
        bench = outage(0)
        bench.board.files.content = dict(before)
        bench.board.clock.advance(clock)
        bench.wh = wh
        bench.start()
        bench.board.files.fail_after = cut
        try:
            bench.go_on(6)
        except OSError:
            bench.board.files.fail_after = None
            bench.start()
            check_all_energy(bench)
            assert bench.meter.issuer.head.seq >= head
            continue
        break
    assert cut == 8
    assert len(check_all_energy(bench)) == 1


def test_without_room_even_for_the_gap_certificates_are_held():
    bench = outage(FITS)
    bench.board.files.capacity = 0
    head = bench.meter.issuer.head.seq
    bench.run(30)
    assert bench.meter.held >= 2
    assert bench.meter.issuer.head.seq == head
    bench.board.files.capacity = SMALL
    bench.run(30)
    check_all_energy(bench)
    assert bench.meter.issuer.head.body.closing[0] in range(bench.wh - 12, bench.wh)


def test_a_device_without_registers_is_integrated_across_a_restart():
    bench = Bench()
    clock = bench.board.clock
    for _ in range(2):
        for _ in range(25):
            bench.meter.read(now(clock), Reading(-36_000), False)
            bench.certify()
            clock.advance(1000)
        bench.start()
    head = bench.meter.issuer.head
    assert head.body.closing[0] == 0
    # 49 seconds of 10 Wh, without the second that the restart took and what was not yet certified then
    assert 300 <= head.body.closing[1] <= 400
    for seq in bench.meter.store.statements.pending(0):
        body = certificate.decode(cose.parse(bench.meter.store.statements.read(0, seq)).payload)
        assert body.status & (certificate.COUNTER_RESET | certificate.IMPLAUSIBLE) == 0


def damage_first_certificate(bench):
    content = bytearray(bench.board.files.content["q/s0"])
    content[50] ^= 1
    bench.board.files.content["q/s0"] = bytes(content)


def test_a_certificate_that_the_flash_forgot_is_not_sent():
    bench = Bench()
    bench.run(21)
    damage_first_certificate(bench)
    now = bench.board.clock.ticks_ms() + 100_000
    assert bench.meter.delivery.due(now)[0] == 2
    assert bench.meter.delivery.debt == 2


def test_a_receipt_for_a_certificate_that_the_flash_forgot_changes_nothing():
    bench = Bench()
    bench.run(21)
    damage_first_certificate(bench)
    finish(bench.meter.take_receipt_steps(receipt_for(1, bench.sent[1]), 0))
    assert bench.meter.store.statements.pending(0) == [2]
    assert bench.meter.delivery.debt == 2
    bench.start()
    assert bench.meter.delivery.debt == 2
