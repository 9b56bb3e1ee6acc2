"""The core of a meter: readings in, certificates kept until their receipts. Flash is its only I/O; time is an argument.

A certificate is on the flash before anybody can have seen it, and its number is used up by that. Whatever fails before
leaves the chain where it was, and the next reading goes on from there.

Signing takes an ESP32 half a second, so it is done in steps between which readings go on coming in:

    reading, reading, ... tick: the interval is closed, its *draft* waits     certify_steps: signed, kept, the new head
                          reading, reading, ... into the next interval        step, step, step, ...

There is one draft at a time, because each certificate carries the id of the one before. An interval that ends meanwhile
is not certified by itself: the next one goes on from the draft, as after any hole.

Before the time is known readings are kept on the monotonic clock (see Adrift); their certificates *wait* until it is.
"""

from ..wire import certificate, cose, es256, event, gap, receipt
from ..wire.receipt import CERTIFICATE, EVENT
from .adrift import Adrift
from .config import Config
from .delivery import Delivery
from .energy import WRAP, Energy, Integrator
from .events import Events
from .interval import Interval, Intervals
from .issuer import Head, Issuer, head_of
from .reading import Reading
from .store import Origin, StatementDamaged, Store, StoreFull
from .succession import Succession
from .timekeeper import Moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board
    from ..wire.signer import Signer
    from ..wire.steps import Steps


def signer_of(store: Store, board: "Board") -> "Signer":
    """The meter's signer: the board's secure element, else a key that is made on first use and never leaves the flash."""
    return board.signer or es256.SoftwareSigner(store.secret(lambda: es256.generate_secret(board.random)))


class Certifier:
    """One metering point's chain of certificates.

    Attributes:
        store, delivery: what is kept and what is to be sent.
        events: what happened; kept and sent like certificates.
        issuer: numbers and signs; ``issuer.head.seq`` is the newest number.
        succession: of the key, if a new one is on its way.
        held: intervals not certified for lack of room or time; their energy is in a later certificate.
        refused: receipts and commands that proved nothing.
    """

    def __init__(self, config: Config, board: "Board") -> None:
        """StoreDamaged if the key on the flash is lost."""
        self._board = board
        self._config = config
        self.store = Store(board.files)
        self.held = self.refused = 0
        kept = self.store.statements
        head = head_of(kept.newest(CERTIFICATE), kept.last(CERTIFICATE))
        boot = self.store.count_boot(head.body.boot if head.body else 0)
        signer = signer_of(self.store, board)
        self.issuer = Issuer(signer, config.site, config.meter, boot, head)
        self.delivery = Delivery(kept, CERTIFICATE)
        self.events = Events(kept, signer, config.site, config.meter, boot)
        self.succession = Succession(config, board, self.store, self.issuer, self.events)
        self._verifier = receipt.Verifier(config.site, config.gateway_key)
        self._seen = head.body.seen if head.body else None
        self._origin = self.store.origin()
        self._intervals = Intervals(config.interval_s, config.rows)
        self._integrator: Integrator | None = None
        self._adrift: Adrift | None = None
        self._waiting: list[Interval] = []
        self._draft: certificate.Certificate | None = None
        self._full = self._announcing = False
        self._finish_gap()
        self._resume(head.body)

    def _resume(self, newest: "certificate.Certificate | Interval | None") -> None:
        """Go on where the chain stands: behind its newest certificate, or one to be, or at the first reading ever."""
        offset = self._origin.offset if self._origin else (0, 0)
        if newest is not None:
            late = bool(newest.rows[-1][6] & certificate.MISSING)
            self._intervals.resume(newest.end, newest.closing, offset, late)
        elif self._origin is not None:
            self._intervals.resume(self._origin.t0, self._origin.registers, offset, False)

    @property
    def registers(self) -> "tuple[int, int] | None":
        """The certified registers (import, export) in Wh as they stand now; None before the first reading."""
        return self._energy.registers if self._energy else None

    @property
    def _energy(self) -> "Energy | None":
        return self._adrift.energy if self._adrift else self._intervals.energy

    def read(self, now: Moment, reading: Reading, measures_energy: bool) -> None:
        """Take the billing device's reading; as ``tick`` at the same moment.

        Args:
            now: when it was taken.
            measures_energy: False if its power has to be integrated.
        """
        self.tick(now)
        if not measures_energy and reading.w is not None:
            self._integrate(now.uptime_ms, reading, reading.w)
        if now.time_ms is None:
            if self._adrift is None:
                row_s = self._config.interval_s // self._config.rows
                self._adrift = Adrift(row_s, self._intervals.start, self._intervals.energy)
            self._adrift.add(now.uptime_ms, reading)
            self._note_change(now)
        else:
            self._intervals.add(now.time_ms, reading)
            self._note_change(now)
            self._note_origin()

    def fail(self, now: Moment) -> None:
        """The billing device could not be read; as ``tick`` at the same moment."""
        self.tick(now)
        if now.time_ms is not None:
            self._intervals.fail(now.time_ms)

    def tick(self, now: Moment) -> None:
        """Close the interval that has passed, if one has; what waited for the time, if it is known now."""
        if now.time_ms is None:
            return
        if self._full:
            self._full = False
            self._make_room(now)
        if self._adrift is not None:
            self._anchor(self._adrift, now.time_ms, now)
        if self._draft is None and self._waiting:
            self._draft = self.issuer.draft(self._waiting.pop(0), now.quality, self._seen)
        interval = self._intervals.tick(now.time_ms)
        if interval is None:
            return
        if self._draft is not None:
            self.held += 1
            self._resume(self._waiting[-1] if self._waiting else self._draft)
            return
        self._draft = self.issuer.draft(interval, now.quality, self._seen)

    def _anchor(self, adrift: Adrift, time_ms: int, now: Moment) -> None:
        """Date what was metered before the time was known; the record goes on behind it."""
        self._adrift = None
        self._waiting = adrift.anchor(time_ms, now.uptime_ms)
        begun = self._origin
        if begun is None and self._waiting:
            begun = Origin(self._waiting[0].t0, self._waiting[0].opening, (0, 0))
        if begun is not None and adrift.energy is not None:
            self._set_origin(Origin(begun.t0, begun.registers, adrift.energy.offset))
        self._resume(self._waiting[-1] if self._waiting else self.issuer.head.body)

    def certify_steps(self) -> "Steps[Head | None]":
        """Sign and keep the certificate of the interval that was closed last, in steps (see steps), and return the new head.

        None if there is no such interval, or no room: then the next ``tick`` says what is given up for it, and once that
        event is kept the next call tries again. SignerError if the signer failed; the next call tries again. Each call is to
        be taken to its end before the next.
        """
        if self._draft is None or self._full:
            return None
        data, head = yield from self.issuer.issue_steps(self._draft)
        yield
        try:
            self.store.statements.add(CERTIFICATE, head.seq, data)
        except StoreFull:
            self._full = True
            return None
        self._draft = None
        self.issuer.head = head
        self.delivery.outbox.add(head.seq)
        return head

    def take_receipt_steps(self, payload: bytes, ticks_ms: int) -> "Steps[None]":
        """Free the statement that ``payload``, from down/receipt, proves to be in the ledger, in steps (see Delivery).

        WireError if it proves nothing.
        """
        kind, number, data = receipt.unwrap(payload)
        if kind == receipt.ROTATION:
            head = yield from self.succession.receipt_steps(data, self._verifier, ticks_ms)
        else:
            delivery = self.events.delivery if kind == EVENT else self.delivery
            head = yield from delivery.receipt_steps(number, data, self._verifier, ticks_ms)
        if head is not None and (self._seen is None or head[0] > self._seen[0]):
            self._seen = head

    def _make_room(self, now: Moment) -> None:
        """Give up the oldest certificates without receipt once a signed event says so; the draft, if not even that has room."""
        run = self.store.statements.oldest_run(CERTIFICATE)
        if run is None or (self._announcing and self.events.waiting):
            self.held += 1
            self._draft = None
            self._waiting.clear()
            self._resume(self.issuer.head.body)
            return
        try:
            first, last = [self._body(number) for number in run]
        except StatementDamaged:
            return  # it is lost, and takes no room: the next attempt will tell
        given_up = gap.Gap(first.seq, last.seq, first.t0, last.end, first.opening, last.closing)
        self._announcing = True
        self.events.record(now, event.GAP, given_up.details(), lambda: self._give_up(given_up, now.uptime_ms))

    def _give_up(self, given_up: gap.Gap, ticks_ms: int) -> None:
        self._announcing = False
        self.delivery.give_up(given_up.first, given_up.last, ticks_ms)

    def _finish_gap(self) -> None:
        """Drop what the newest event says was given up: the power may have been lost in between."""
        newest = self.store.statements.newest(EVENT)
        body = None if newest is None else event.decode(cose.parse(newest, event.MAX_SIZE).payload)
        if body is not None and body.kind == event.GAP:
            self._give_up(gap.decode(body.details), self._board.clock.ticks_ms())

    def _body(self, number: int) -> certificate.Certificate:
        return certificate.decode(cose.parse(self.store.statements.read(CERTIFICATE, number), certificate.MAX_SIZE).payload)

    def _integrate(self, ticks_ms: int, reading: Reading, w: int) -> None:
        if self._integrator is None:
            self._integrator = Integrator(self.registers or (0, 0))
        reading.import_wh, reading.export_wh = self._integrator.add(ticks_ms, w)

    def _note_change(self, now: Moment) -> None:
        """Make an event of a device whose registers did not go on from where they were."""
        energy = self._energy
        if energy is None or energy.change is None:
            return
        change, energy.change = energy.change, None
        kind = event.WRAPPED if change.kind == WRAP else event.REPLACED
        self.events.record(now, event.COUNTER, {1: kind, 2: list(change.old), 3: list(change.new)})

    def _note_origin(self) -> None:
        """Put the start of the record, or a moved offset, on the flash before anything builds on it."""
        energy, start = self._intervals.energy, self._intervals.start
        if energy is None or start is None:
            return
        if self._origin is None:
            self._set_origin(Origin(start, energy.registers, energy.offset))
        elif self._origin.offset != energy.offset:
            self._set_origin(Origin(self._origin.t0, self._origin.registers, energy.offset))

    def _set_origin(self, origin: Origin) -> None:
        self._origin = origin
        self.store.set_origin(origin)
