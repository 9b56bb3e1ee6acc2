"""The app's tasks: nothing waits for a signature or for the check of a receipt."""

import asyncio
import errno

from firmware.hal import fake
from firmware.meter import app
from firmware.meter.config import Config
from firmware.meter.reading import Reading
from firmware.wire import es256, mqtt, proof, receipt, timesync
from firmware.wire.clock import UNSET
from firmware.wire.receipt import CERTIFICATE
from firmware.wire.signer import SignerError
from tests.portable.sample import GATEWAY, document

CONFIG = Config(document(poll_ms=100))
RECEIPT = "sk/v1/isle/wind-1/down/receipt"


class Device:
    """A device that answers at once; every poll is a tenth of a second on the board's clock and 1 Wh."""

    measures_energy = True
    last_error = None
    errors = {"time-out": 0}  # noqa: RUF012
    unit = 1

    def __init__(self, clock, note):
        self.model = self
        self._clock = clock
        self._note = note
        self._wh = 1000

    async def poll(self, ticks_ms):  # noqa: ARG002
        self._note()
        self._clock.advance(100)
        self._wh += 1
        return Reading(3600, self._wh, 0)


class Bench:
    """A meter without a broker; ``polled`` notes at each poll whether a certificate was being signed."""

    def __init__(self):
        self.board = fake.Board()
        self.board.lines = [OSError(errno.ECONNREFUSED, "no broker")] * 1000
        self.meter = app.Meter(CONFIG, self.board, dict)
        self.certifier = self.meter._certifier
        self.polled = []
        self.meter._devices = [Device(self.board.clock, lambda: self.polled.append(self.certifier._draft is not None))]
        self.turns = 0

    def run(self, until, *works):
        async def count():
            while True:
                self.turns += 1
                await asyncio.sleep(0)

        async def watch():
            tasks = [asyncio.create_task(work) for work in (count(),) + works]  # noqa: RUF005
            for _ in range(2000):
                await asyncio.sleep(0.002)
                if until(self):
                    break
            else:
                raise AssertionError("it did not come to that")
            for task in tasks:
                task.cancel()

        asyncio.run(watch())

    def issue(self):
        """Poll and certify until there is a certificate; returns its bytes."""
        self.run(lambda bench: bench.certifier.issuer.head.seq, self.meter._measure(), self.meter._sign())
        return self.certifier.store.statements.read(CERTIFICATE, 1)


def receipt_for(data, signer=GATEWAY):
    signature = receipt.sign_head(signer, "isle", proof.leaf_hash(data))
    return mqtt.Message(
        RECEIPT, receipt.wrap(receipt.CERTIFICATE, 1, receipt.encode(signer.kid, "isle", 1, 0, [], signature)), 1
    )


def test_polling_goes_on_while_a_certificate_is_signed():
    bench = Bench()
    signer = bench.certifier.issuer.signer
    sign = signer.sign_steps

    def slowly(digest):
        polls = len(bench.polled)
        while len(bench.polled) < polls + 5:
            yield
        return (yield from sign(digest))

    signer.sign_steps = slowly
    bench.issue()
    assert sum(bench.polled) >= 5 + 60


def test_every_step_of_a_receipts_check_gives_the_others_a_turn():
    bench = Bench()
    data = bench.issue()
    before = bench.turns
    bench.run(lambda bench: not bench.certifier.delivery.debt, bench.meter._on_message(receipt_for(data)))
    assert bench.turns - before > 120


def test_what_proves_nothing_is_refused_and_counted():
    bench = Bench()
    data = bench.issue()
    stranger = receipt_for(data, es256.SoftwareSigner(bytes(31) + b"\x06"))
    for message in (stranger, mqtt.Message("sk/v1/isle/wind-1/down/cmd", b"open", 1)):
        refused = bench.certifier.refused
        bench.run(lambda bench, refused=refused: bench.certifier.refused > refused, bench.meter._on_message(message))
    assert bench.certifier.delivery.debt == 1


def test_the_gateways_word_sets_the_boards_own_clock():
    bench = Bench()
    clock = bench.board.clock
    clock.quality = lambda: UNSET
    bench.meter = app.Meter(CONFIG, bench.board, dict)
    echo = bench.meter._gateway_time.ask(b"12345678", clock.ticks_ms())
    answer = timesync.answer(GATEWAY, "isle", "wind-1", 1_900_000_000_000, 50, echo)
    message = mqtt.Message("sk/v1/isle/wind-1/down/time", answer, 0)
    bench.run(lambda _: clock.wall_ms() == 1_900_000_000_000, bench.meter._on_message(message))


def test_a_signer_that_fails_is_asked_again():
    app._SIGNER_PAUSE_S = 0.001
    bench = Bench()
    signer = bench.certifier.issuer.signer
    sign = signer.sign_steps
    asked = []

    def failing(digest):
        asked.append(digest)
        if len(asked) < 3:
            raise SignerError("no answer")
        return (yield from sign(digest))

    signer.sign_steps = failing
    bench.issue()
    assert len(asked) == 3
    assert asked[0] == asked[1] == asked[2]
