"""Looks after the supply and obeys one command after the other, each only when the one before is answered. No I/O."""

from ..wire import command
from ..wire.certificate import Certificate
from ..wire.fields import WireError
from .commands import Commands, Replayed
from .control import Control
from .notes import Notes, StoreFull
from .relay import Contact
from .supply import Supply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Board
    from ..wire.command import Command
    from ..wire.steps import Steps
    from .certifier import Certifier
    from .config import Config
    from .events import Events
    from .journal import Journal
    from .timekeeper import Moment

_HEALTH_S = 60
_MOST = 8  # commands that may wait; what is dropped was not obeyed, and may be sent again


class Steward:
    """Between what was ordered, the contact, and the events that tell of both.

    Attributes:
        supply: to be given readings and certificates.
    """

    def __init__(self, commands: "Commands", supply: "Supply", events: "Events", log: "Callable[[str], None]") -> None:
        self.supply = supply
        self._commands = commands
        self._events = events
        self._log = log
        self._orders: list[Command] = []
        self._telling = False

    def setting(self, key: int) -> int:
        """What POLL_MS, ... of command is at present."""
        return self.supply.control.setting(key)

    def take_steps(self, payload: bytes) -> "Steps[None]":
        """Check ``payload``, from down/cmd, in steps, and obey it when its turn comes. WireError if it is not the gateway's."""
        order = yield from self._commands.read_steps(payload)
        if len(self._orders) >= _MOST:
            raise WireError("too many commands at once")
        self._orders.append(order)

    def charge(self, body: Certificate) -> None:
        """``body`` is kept."""
        self.supply.charge(body.opening[0], body.closing[0])

    def tick(self, now: "Moment") -> None:
        """Do what is to be done now; to be called several times a second."""
        at = None if now.time_ms is None else now.time_ms // 1000
        self.supply.tick(at, now.uptime_ms)
        if self._telling:
            self._confirm()
            return
        told = self.supply.event(at, now.uptime_ms)
        if told is not None and not self._events.waiting:
            self._events.record(now, *told)
            self._telling = True
        elif told is None and self._orders and self.supply.control.answer is None:
            self._obey(self._orders.pop(0), at, now.uptime_ms)

    def _confirm(self) -> None:
        """Whatever waits behind an event goes on when that is on the flash."""
        if not self._events.waiting:
            self._telling = False
            self.supply.kept()

    def _obey(self, order: "Command", at: "int | None", ticks_ms: int) -> None:
        try:
            self._commands.obey(order, at)
        except Replayed as error:
            self._log(f"refused: {error}")
        except StoreFull:
            self._log(f"command {order.number} not obeyed: the flash is full")
        else:
            self.supply.obeyed(ticks_ms)
            self._log(f"command {order.number} of kind {order.kind} obeyed")


def steward_of(
    config: "Config",
    board: "Board",
    certifier: "Certifier",
    journal: "Journal",
    update: "Callable[[bytes], None]",
    send_log: "Callable[[], None]",
) -> Steward:
    """The steward of a meter that starts; ``update`` takes manifests, and ``send_log`` sends what ``journal`` holds."""
    now = journal.now()
    installed = {
        command.POLL_MS: config.poll_ms,
        command.HEALTH_S: _HEALTH_S,
        command.UTC_OFFSET_MIN: config.utc_offset_min,
    }
    control = Control(Notes(board.files), installed, (now.time_ms or 0) // 1000)
    relay = board.open_relay(config.relay.output, config.relay.feedback) if config.relay else None
    contact = Contact(relay)
    resend, rotate = certifier.delivery.outbox.resend, certifier.succession.begin
    commands = Commands(config, control, contact.exists, resend, update, send_log, rotate)
    steward = Steward(commands, Supply(control, contact, config.meter, now.uptime_ms), journal.events, journal.log)
    if certifier.issuer.head.body is not None:
        # it may have been kept a moment before the power went
        steward.charge(certifier.issuer.head.body)
    return steward
