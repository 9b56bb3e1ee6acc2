"""The meter's events: noted at once, kept in order, chained across restarts, sent until receipted."""

from firmware.hal import fake
from firmware.meter.certifier import Certifier
from firmware.meter.energy import CONFIRMATIONS
from firmware.meter.events import Events
from firmware.meter.notes import StoreFull
from firmware.meter.reading import Reading
from firmware.meter.store import Store
from firmware.meter.timekeeper import Moment
from firmware.wire import cose, es256, event, proof, receipt
from firmware.wire.clock import HOST, NEVER_SET, ClockQuality
from firmware.wire.fields import WireError
from firmware.wire.receipt import CERTIFICATE, EVENT
from firmware.wire.signer import SignerError
from firmware.wire.steps import finish
from tests.portable.sample import CONFIG, GATEWAY

METER = es256.SoftwareSigner(bytes(31) + b"\x07")
T = 1_800_000_000_000


def moment(uptime):
    return Moment(uptime, T + uptime, ClockQuality(HOST, 1000, 0))


class Bench:
    """Events on a fake flash."""

    def __init__(self):
        self.files = fake.Files()
        self.boot = 0
        self.start()

    def start(self):
        """(Re)start: what was not on the flash is gone."""
        self.boot += 1
        self.kept = Store(self.files).statements
        self.events = Events(self.kept, METER, "isle", "wind-1", self.boot)

    def record(self, count=1, kind=event.BOOT, now=None):
        for index in range(count):
            self.events.record(now or moment(index), kind, {1: "power-on", 2: 0})

    def check(self):
        """What is pending is one signed chain from 1 on; returns its bodies."""
        bodies, previous = [], None
        for number in self.kept.pending(EVENT):
            statement = cose.parse(self.kept.read(EVENT, number))
            assert es256.verify(METER.public, statement.id, statement.signature)
            body = event.decode(statement.payload)
            assert (body.number, body.prev) == (len(bodies) + 1, previous)
            previous = statement.id
            bodies.append(body)
        return bodies


def receipt_for(number, data, kind=receipt.EVENT):
    root = proof.leaf_hash(data)
    return receipt.wrap(kind, number, receipt.encode(GATEWAY.kid, "isle", 1, 0, [], receipt.sign_head(GATEWAY, "isle", root)))


def test_what_is_recorded_is_kept_in_order_with_the_time_at_which_it_happened():
    bench = Bench()
    bench.record(3)
    assert (bench.events.waiting, bench.kept.pending(EVENT)) == (3, [])
    assert finish(bench.events.keep_steps()) == 3
    assert bench.events.waiting == 0
    bodies = bench.check()
    assert [(body.uptime_ms, body.time_ms) for body in bodies] == [(0, T), (1, T + 1), (2, T + 2)]
    assert finish(bench.events.keep_steps()) == 0


def test_an_event_of_an_unset_clock_has_no_date():
    bench = Bench()
    bench.record(now=Moment(77, None, NEVER_SET))
    finish(bench.events.keep_steps())
    (body,) = bench.check()
    assert (body.time_ms, body.uptime_ms, body.clock.source) == (None, 77, 0)


def test_numbers_and_chain_go_on_after_a_restart():
    bench = Bench()
    for _ in range(4):
        bench.record(2)
        finish(bench.events.keep_steps())
        bench.start()
    assert [body.boot for body in bench.check()] == [1, 1, 2, 2, 3, 3, 4, 4]


def test_numbers_go_on_after_all_have_their_receipts():
    bench = Bench()
    bench.record()
    finish(bench.events.keep_steps())
    first = bench.kept.read(EVENT, 1)
    bench.kept.free(EVENT, 1)
    bench.start()
    bench.record()
    finish(bench.events.keep_steps())
    body = event.decode(cose.parse(bench.kept.read(EVENT, 2)).payload)
    assert (body.number, body.prev) == (2, cose.parse(first).id)


def destroy(bench, number):
    """The flash loses a bit of an event."""
    data = bench.kept.read(EVENT, number)
    segment = bytearray(bench.files.content["q/s0"])
    segment[segment.find(data) + 100] ^= 1
    bench.files.content["q/s0"] = bytes(segment)


def test_behind_a_destroyed_event_the_chain_goes_on_without_a_false_word():
    for count in (1, 3):
        bench = Bench()
        bench.record(count)
        finish(bench.events.keep_steps())
        known = [event.decode(cose.parse(bench.kept.read(EVENT, number)).payload) for number in range(1, count)]
        destroy(bench, count)
        bench.start()
        bench.record(2)
        finish(bench.events.keep_steps())
        statements = [cose.parse(bench.kept.read(EVENT, number)) for number in (count + 2, count + 3)]
        first, second = [event.decode(statement.payload) for statement in statements]
        assert (first.number, first.prev) == (count + 2, bytes(32))
        assert (second.number, second.prev) == (count + 3, statements[0].id)
        assert bench.kept.lost(EVENT) == [count]
        assert bench.kept.pending(EVENT) == [body.number for body in known] + [count + 2, count + 3]
        bench.start()
        bench.record()
        finish(bench.events.keep_steps())
        body = event.decode(cose.parse(bench.kept.read(EVENT, count + 4)).payload)
        assert body.prev == statements[1].id
        assert bench.kept.lost(EVENT) == [count, count + 1]


def test_an_older_event_may_be_destroyed_without_harm_to_the_chain():
    bench = Bench()
    bench.record(3)
    finish(bench.events.keep_steps())
    newest = cose.parse(bench.kept.read(EVENT, 3)).id
    destroy(bench, 2)
    bench.start()
    bench.record()
    finish(bench.events.keep_steps())
    assert event.decode(cose.parse(bench.kept.read(EVENT, 4)).payload).prev == newest


def test_a_power_cut_at_any_flash_write_leaves_one_chain():
    for writes in range(14):
        bench = Bench()
        bench.files.fail_after = writes
        kept = 0
        try:
            for _ in range(4):
                bench.record(2)
                kept += finish(bench.events.keep_steps())
        except OSError:
            pass
        bench.files.fail_after = None
        bench.start()
        bench.record()
        finish(bench.events.keep_steps())
        assert len(bench.check()) in range(kept + 1, kept + 4)


def test_nothing_is_on_the_flash_before_its_signature():
    bench = Bench()
    bench.record()
    files = dict(bench.files.content)
    steps = bench.events.keep_steps()
    for _ in range(10):
        next(steps)
        assert bench.files.content == files
        assert bench.events.delivery.due(0) is None


def test_a_full_flash_or_a_failing_signer_keeps_events_waiting():
    bench = Bench()
    bench.record(2)
    bench.files.capacity = 0
    try:
        finish(bench.events.keep_steps())
        raise AssertionError("kept")
    except StoreFull:
        pass
    bench.files.capacity = 1 << 20
    good, METER.sign_steps = METER.sign_steps, failing
    try:
        finish(bench.events.keep_steps())
        raise AssertionError("signed")
    except SignerError:
        pass
    METER.sign_steps = good
    assert (bench.events.waiting, bench.kept.last(EVENT)) == (2, 0)
    assert finish(bench.events.keep_steps()) == 2
    assert len(bench.check()) == 2


def failing(digest):
    yield
    raise SignerError(f"no answer for {len(digest)} bytes")


def test_the_newest_is_sent_first():
    bench = Bench()
    bench.record(3)
    finish(bench.events.keep_steps())
    assert bench.events.delivery.due(0)[0] == 3


def test_a_flood_is_bounded_and_counted():
    bench = Bench()
    bench.record(40)
    assert (bench.events.waiting, bench.events.dropped) == (32, 8)
    assert finish(bench.events.keep_steps()) == 32


def test_each_event_is_sent_until_its_receipt():
    board = fake.Board()
    meter = Certifier(CONFIG, board)
    meter.events.record(moment(0), event.BOOT, {1: "power-on", 2: 0})
    finish(meter.events.keep_steps())
    delivery = meter.events.delivery
    number, data = delivery.due(0)
    assert (number, delivery.debt) == (1, 1)
    delivery.outbox.sent(1, 0, 0)
    assert delivery.due(100) is None
    assert delivery.due(10_000) == (1, data)
    delivery.outbox.sent(1, 10_000, 0)
    for wrong in (receipt_for(1, data, receipt.CERTIFICATE), receipt_for(2, data)):
        finish(meter.take_receipt_steps(wrong, 0))
    assert delivery.debt == 1
    try:
        finish(meter.take_receipt_steps(receipt_for(1, data + b"x"), 0))
        raise AssertionError("believed")
    except WireError:
        pass
    finish(meter.take_receipt_steps(receipt_for(1, data), 0))
    assert (delivery.debt, delivery.due(99_000)) == (0, None)


def test_a_devices_new_registers_are_an_event():
    board = fake.Board()
    meter = Certifier(CONFIG, board)
    wrap = 100_000_000

    def read(second, wh, wraps=(None, None)):
        reading = Reading(3600, wh, 7)
        reading.wraps = wraps
        meter.read(moment(second * 1000), reading, True)

    read(0, wrap - 2)
    for second in range(1, 1 + CONFIRMATIONS):
        read(second, second, (wrap, None))
    for second in range(10, 10 + CONFIRMATIONS):
        read(second, 5_000_000 + second)
    finish(meter.events.keep_steps())
    bodies = [event.decode(cose.parse(meter.store.statements.read(EVENT, number)).payload) for number in (1, 2)]
    assert [(body.kind, body.uptime_ms) for body in bodies] == [(event.COUNTER, 3000), (event.COUNTER, 12_000)]
    assert bodies[0].details == {1: event.WRAPPED, 2: [wrap - 2, 7], 3: [1, 7]}
    assert bodies[1].details == {1: event.REPLACED, 2: [3, 7], 3: [5_000_010, 7]}
    assert meter.store.statements.pending(CERTIFICATE) == []
