"""The core of a meter: readings in, certificates kept until their receipts. Flash is its only I/O; time is an argument.

A certificate is on the flash before anybody can have seen it, and its number is used up by that. Whatever fails before
leaves the chain where it was, and the next reading goes on from there.

Signing takes an ESP32 half a second, so it is done in steps between which readings go on coming in:

    reading, reading, ... tick: the interval is closed, its *draft* waits     certify_steps: signed, kept, the new head
                          reading, reading, ... into the next interval        step, step, step, ...

There is one draft at a time, because each certificate carries the id of the one before. An interval that ends meanwhile
is not certified by itself: the next one goes on from the draft, as after any hole.
"""

from ..wire import certificate, command, cose, es256, receipt
from ..wire.fields import WireError
from .config import Config
from .energy import Integrator
from .interval import Intervals
from .issuer import Head, Issuer, head_of
from .outbox import Outbox
from .reading import Reading
from .record import CERTIFICATE
from .store import Origin, StatementDamaged, Store, StoreFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board
    from ..wire.steps import Steps


def signer_of(store: Store, board: "Board") -> es256.SoftwareSigner:
    """The meter's signer; its key is made on first use and never leaves the flash."""
    return es256.SoftwareSigner(store.secret(lambda: es256.generate_secret(board.random)))


class Certifier:
    """One metering point's chain of certificates.

    Attributes:
        store, outbox: what is kept and what is to be sent.
        issuer: numbers and signs; ``issuer.head.seq`` is the newest number.
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
        self.issuer = Issuer(signer_of(self.store, board), config.site, config.meter, boot, head)
        self.outbox = Outbox(kept.pending(CERTIFICATE))
        self._verifier = receipt.Verifier(config.site, config.gateway_key)
        self._seen = head.body.seen if head.body else None
        self._origin = self.store.origin()
        self._intervals = Intervals(config.interval_s, config.rows)
        self._integrator: Integrator | None = None
        self._draft: certificate.Certificate | None = None
        self._resume(head.body)

    def _resume(self, newest: "certificate.Certificate | None") -> None:
        """Go on where the chain stands: behind its newest certificate, or at the first reading ever."""
        offset = self._origin.offset if self._origin else (0, 0)
        if newest is not None:
            late = bool(newest.rows[-1][6] & certificate.MISSING)
            self._intervals.resume(newest.end, newest.closing, offset, late)
        elif self._origin is not None:
            self._intervals.resume(self._origin.t0, self._origin.registers, offset, False)

    @property
    def registers(self) -> "tuple[int, int] | None":
        """The certified registers (import, export) in Wh as they stand now; None before the first reading."""
        return self._intervals.energy.registers if self._intervals.energy else None

    @property
    def debt(self) -> int:
        """Certificates without receipt: those to be sent, and those that the flash has destroyed before."""
        kept = self.store.statements
        return len(kept.pending(CERTIFICATE)) + len(kept.lost(CERTIFICATE))

    def read(self, wall_ms: int, ticks_ms: int, reading: Reading, measures_energy: bool) -> None:
        """Take the billing device's reading; as ``tick`` at the same moment.

        Args:
            wall_ms, ticks_ms: when it was taken, by both clocks.
            measures_energy: False if its power has to be integrated.
        """
        self.tick(wall_ms)
        if not measures_energy and reading.w is not None:
            self._integrate(ticks_ms, reading, reading.w)
        self._intervals.add(wall_ms, reading)
        self._note_origin()

    def fail(self, wall_ms: int) -> None:
        """The billing device could not be read; as ``tick`` at the same moment."""
        self.tick(wall_ms)
        self._intervals.fail(wall_ms)

    def tick(self, wall_ms: int) -> None:
        """Close the interval that has passed, if one has."""
        interval = self._intervals.tick(wall_ms)
        if interval is None:
            return
        if self._draft is not None:
            self.held += 1
            self._resume(self._draft)
            return
        clock = self._board.clock
        self._draft = self.issuer.draft(interval, (clock.quality(), clock.uncertainty_ms()), self._seen)

    def certify_steps(self) -> "Steps[Head | None]":
        """Sign and keep the certificate of the interval that was closed last, in steps (see steps), and return the new head.

        None if there is no such interval, or no room. SignerError if the signer failed; the next call tries again. Each
        call is to be taken to its end before the next.
        """
        if self._draft is None:
            return None
        data, head = yield from self.issuer.issue_steps(self._draft)
        yield
        self._draft = None
        try:
            self.store.statements.add(CERTIFICATE, head.seq, data)
        except StoreFull:
            self.held += 1
            self._resume(self.issuer.head.body)
            return None
        self.issuer.head = head
        self.outbox.add(head.seq)
        return head

    def due(self, ticks_ms: int) -> "tuple[int, bytes] | None":
        """Number and bytes of the certificate to send now, if any."""
        while True:
            seq = self.outbox.due(ticks_ms)
            if seq is None:
                return None
            try:
                return seq, self.store.statements.read(CERTIFICATE, seq)
            except StatementDamaged:
                # it stays in the debt, where people see it
                self.outbox.freed(seq, ticks_ms)

    def take_receipt_steps(self, payload: bytes, ticks_ms: int) -> "Steps[None]":
        """Free the certificate that ``payload``, from down/receipt, proves to be in the ledger, in steps.

        WireError if it proves nothing. A receipt for a certificate that we do not hold any more is no news, and one for a
        certificate that the flash has destroyed cannot be checked: that one stays in the debt.
        """
        kind, seq, data = receipt.unwrap(payload)
        if kind != receipt.CERTIFICATE or seq not in self.store.statements.pending(CERTIFICATE):
            return
        try:
            kept = self.store.statements.read(CERTIFICATE, seq)
        except StatementDamaged:
            self.outbox.freed(seq, ticks_ms)
            return
        size, root = yield from self._verifier.check_steps(data, kept)
        # a full flash may have given it up in the meantime
        if seq in self.store.statements.pending(CERTIFICATE):
            self.store.statements.free(CERTIFICATE, seq)
        self.outbox.freed(seq, ticks_ms)
        if self._seen is None or size > self._seen[0]:
            self._seen = size, root

    def take_command_steps(self, payload: bytes) -> "Steps[None]":
        """Obey ``payload``, from down/cmd, in steps. WireError if it is not the gateway's."""
        statement, first, last = command.parse_resend(payload, self._config.site, self._config.meter)
        yield
        yield from self._check_gateway_steps(statement)
        self.outbox.resend(first, last)

    def _check_gateway_steps(self, statement: cose.Statement) -> "Steps[None]":
        genuine = yield from es256.verify_steps(self._config.gateway_key, statement.id, statement.signature)
        if not genuine:
            raise WireError("command: the signature is not the gateway's")

    def _integrate(self, ticks_ms: int, reading: Reading, w: int) -> None:
        if self._integrator is None:
            self._integrator = Integrator(self.registers or (0, 0))
        reading.import_wh, reading.export_wh = self._integrator.add(ticks_ms, w)

    def _note_origin(self) -> None:
        """Put the start of the record, or a moved offset, on the flash before anything builds on it."""
        energy, start = self._intervals.energy, self._intervals.start
        if energy is None or start is None:
            return
        if self._origin is None:
            self._origin = Origin(start, energy.registers, energy.offset)
        elif self._origin.offset != energy.offset:
            self._origin = Origin(self._origin.t0, self._origin.registers, energy.offset)
        else:
            return
        self.store.set_origin(self._origin)
