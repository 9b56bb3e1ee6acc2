"""A meter's key is replaced: ordered, signed for by the old one, used once the ledger has it; the power may go at any write."""

from firmware.hal import fake
from firmware.meter.certifier import Certifier
from firmware.meter.notes import Notes
from firmware.meter.reading import Reading
from firmware.meter.timekeeper import Moment
from firmware.wire import certificate, cose, enrolment, es256, event, proof, receipt, rotation
from firmware.wire.clock import ClockQuality
from firmware.wire.fields import WireError
from firmware.wire.steps import finish
from tests.portable.sample import CONFIG, GATEWAY

STRANGER = es256.SoftwareSigner(bytes(31) + b"\x06")


def now(clock):
    """The moment by the fake board's clocks."""
    return Moment(clock.ticks_ms(), clock.wall_ms(), ClockQuality(clock.quality(), clock.uncertainty_ms(), 0))


class Bench:
    """A meter on a fake board; its gateway is asked whenever the test says so."""

    def __init__(self):
        self.board = fake.Board()
        self.wh = 1000
        self.start()
        self.old = self.meter.issuer.signer.public

    def start(self):
        """(Re)start: what was not on the flash is gone."""
        self.meter = Certifier(CONFIG, self.board)

    def certify(self):
        """One interval; the key by which its certificate and an event were signed."""
        head = None
        while head is None:
            clock = self.board.clock
            self.meter.read(now(clock), Reading(clock.wall_ms(), import_wh=self.wh, export_wh=0), True)
            head = finish(self.meter.certify_steps())
            clock.advance(2000)
            self.wh += 2
        return cose.parse(self.meter.store.statements.read(receipt.CERTIFICATE, head.seq), certificate.MAX_SIZE).kid

    def record(self):
        """An event; the key by which it was signed."""
        self.meter.events.record(now(self.board.clock), event.BOOT, {1: "test", 2: 0})
        finish(self.meter.events.keep_steps())
        return cose.parse(self.meter.store.statements.newest(receipt.EVENT), event.MAX_SIZE).kid

    def hand_over(self):
        finish(self.meter.succession.hand_over_steps())

    def sent(self):
        """What is sent now of a rotation, None if nothing is."""
        ticks = self.board.clock.ticks_ms()
        due = self.meter.succession.due(ticks)
        if due is None:
            return None
        self.meter.succession.outbox.sent(due[0], ticks, 0)
        return due[1]

    def answer(self, statement, signer=GATEWAY):
        """The ledger has taken ``statement``."""
        signature = receipt.sign_head(signer, "isle", proof.leaf_hash(statement))
        data = receipt.encode(signer.kid, "isle", 1, 0, [], signature)
        number = rotation.decode(cose.parse(statement, rotation.MAX_SIZE).payload).certificate
        envelope = receipt.wrap(receipt.ROTATION, number, data)
        finish(self.meter.take_receipt_steps(envelope, self.board.clock.ticks_ms()))

    @property
    def key(self):
        return self.meter.issuer.signer


def refused(call):
    try:
        call()
    except WireError as error:
        return str(error)
    return ""


def offered(statement):
    """The new public key in a rotation, if both keys have signed for it."""
    outer = cose.parse(statement, rotation.MAX_SIZE)
    request = cose.parse(rotation.decode(outer.payload).request, enrolment.MAX_SIZE)
    public = enrolment.public_of(request)
    assert es256.verify(public, request.id, request.signature)
    return public


def test_the_old_key_signs_until_the_receipt_and_the_new_one_from_then_on():
    bench = Bench()
    old = bench.certify()
    assert bench.sent() is None
    bench.meter.succession.begin()
    assert refused(bench.meter.succession.begin) == "a rotation is under way"
    bench.hand_over()
    assert (bench.certify(), bench.record()) == (old, old)
    statement = bench.sent()
    body = rotation.decode(cose.parse(statement, rotation.MAX_SIZE).payload)
    assert (body.certificate, body.event) == (2, 1)
    assert es256.verify(bench.old, cose.parse(statement).id, cose.parse(statement).signature)
    new = offered(statement)
    assert new != bench.old
    assert bench.certify() == old
    bench.answer(statement)
    assert bench.key.public == new
    assert bench.certify() == bench.record() == es256.key_id(new)
    assert bench.sent() is None
    bench.start()
    assert bench.certify() == es256.key_id(new)
    # and once more
    bench.meter.succession.begin()
    bench.hand_over()
    bench.answer(bench.sent())
    assert bench.key.public not in (bench.old, new)


def test_the_rotation_is_sent_again_the_same_until_it_is_answered_by_the_gateway():
    bench = Bench()
    bench.certify()
    bench.meter.succession.begin()
    bench.hand_over()
    first = bench.sent()
    assert bench.sent() is None
    bench.board.clock.advance(4000)
    assert bench.sent() == first
    bench.start()
    bench.hand_over()
    assert bench.sent() == first
    assert "not the gateway's" in refused(lambda: bench.answer(first, STRANGER))
    assert bench.key.public == bench.old
    bench.answer(first)
    bench.answer(first)
    assert bench.key.public == offered(first)


def test_the_power_may_go_at_any_write():
    cuts = 0
    while True:
        bench = Bench()
        bench.certify()
        kept = dict(bench.board.files.content)
        bench.board.files.fail_after = cuts
        told = None
        try:
            bench.meter.succession.begin()
            bench.hand_over()
            told = bench.sent()
            bench.answer(told)
            bench.board.files.fail_after = None
            break
        except OSError:
            cuts += 1
        bench.board.files.fail_after = None
        bench.start()
        bench.hand_over()
        again = bench.sent()
        # whatever was handed over to is what is used, and nothing else ever is
        if told is not None:
            assert again in (told, None)
            assert bench.key.public == (bench.old if again else offered(told))
        if again is not None:
            assert bench.certify() == es256.key_id(bench.old)
            bench.answer(again)
            assert bench.key.public == offered(again)
        elif told is None:
            assert bench.board.files.content["key"] == kept["key"]
        bench.start()
        bench.certify()
    assert cuts == 4


def test_a_damaged_successor_leaves_the_old_key_at_work():
    bench = Bench()
    bench.meter.succession.begin()
    bench.board.files.content["successor"] = bytes(40)
    bench.start()
    bench.hand_over()
    assert bench.sent() is None
    assert bench.certify() == es256.key_id(bench.old)
    bench.meter.succession.begin()
    assert Notes(bench.board.files).read("successor") is not None


def test_a_full_flash_and_a_secure_element_say_why_not():
    bench = Bench()
    bench.board.files.capacity = 0
    assert refused(bench.meter.succession.begin) == "the flash is full"
    bench.board.files.capacity = 1 << 20
    bench.board.signer = GATEWAY
    assert "is in a secure element" in refused(bench.meter.succession.begin)
    bench.board.signer = None
    bench.meter.succession.begin()
