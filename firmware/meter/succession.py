"""A new key in the place of the meter's old one: made here, handed over to by the old one, used once the ledger has taken that.

    successor on the flash              then                                        power lost
    secret                              sign the rotation                           signed after the start
    secret and statement                send it until its receipt                   sent again, the same bytes
    (the receipt came: key = secret)    both there for a moment                     finished at the start
    none                                sign with the new key

The old key signs until then, and if the gateway never takes the rotation, for ever. A flash writes elsewhere before it erases,
so the old secret may be read from the chip for a while.
"""

from ..wire import es256, receipt, rotation
from ..wire.fields import WireError
from .notes import StoreFull
from .outbox import Outbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Board
    from ..wire.steps import Steps
    from .config import Config
    from .events import Events
    from .issuer import Issuer
    from .store import Store

_SECRET = 32
_ONLY = 1  # the number of the one statement in the outbox


class Succession:
    """What is under way, if anything. It is sent like other statements (see Dispatch), but kept by itself.

    Attributes:
        outbox: says when; tell it what was ``sent``.
    """

    def __init__(self, config: "Config", board: "Board", store: "Store", issuer: "Issuer", events: "Events") -> None:
        """Go on with what was under way when the power was lost."""
        self._names = config.site, config.meter
        self._board = board
        self._store = store
        self._issuer = issuer
        self._events = events
        self._pending: list[int] = []
        self.outbox = Outbox(self._pending)
        kept = store.successor() or b""
        self._secret, self._statement = kept[:_SECRET], kept[_SECRET:]
        if self._secret and es256.public_from_secret(self._secret) == issuer.signer.public:
            self._succeed()
        elif self._statement:
            self._pending.append(_ONLY)

    def begin(self) -> None:
        """Make a new key, to be handed over to soon. WireError, with the reason, if that cannot be."""
        if self._board.signer is not None:
            raise WireError("the key is in a secure element and stays there: exchange the meter")
        if self._secret:
            raise WireError("a rotation is under way")
        secret = es256.generate_secret(self._board.random)
        try:
            self._store.prepare_successor(secret)
        except StoreFull:
            raise WireError("the flash is full") from None
        self._secret = secret

    def hand_over_steps(self) -> "Steps[None]":
        """Sign the rotation, if one is to be signed, in steps. Nobody else may be signing. SignerError or StoreFull."""
        if not self._secret or self._statement:
            return
        new = yield from self._new_signer_steps()
        first, event = self._issuer.head.seq + 1, self._events.next_number
        statement = yield from rotation.rotate_steps(self._issuer.signer, new, *self._names, first, event)
        yield
        self._store.prepare_successor(self._secret + statement.data)
        self._statement = statement.data
        self._pending.append(_ONLY)
        self.outbox.add(_ONLY)

    def due(self, ticks_ms: int) -> "tuple[int, bytes] | None":
        """As Delivery.due."""
        number = self.outbox.due(ticks_ms)
        return None if number is None else (number, self._statement)

    def receipt_steps(self, data: bytes, verifier: receipt.Verifier, ticks_ms: int) -> "Steps[tuple[int, bytes] | None]":
        """Sign with the new key from now on, if ``data`` proves that the ledger has taken it, in steps; as in Delivery."""
        if not self._statement:
            return None
        head = yield from verifier.check_steps(data, self._statement)
        new = yield from self._new_signer_steps()
        self._succeed()
        self._issuer.signer = self._events.signer = new
        self.outbox.freed(_ONLY, ticks_ms)
        return head

    def _succeed(self) -> None:
        self._store.succeed(self._secret)
        self._secret = self._statement = b""
        self._pending.clear()

    def _new_signer_steps(self) -> "Steps[es256.SoftwareSigner]":
        public = yield from es256.public_from_secret_steps(self._secret)
        yield
        return es256.SoftwareSigner(self._secret, public)
