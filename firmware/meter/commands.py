"""Obeying commands: each once, whatever the power does, and each answered. No I/O but the control file.

    kind      the file is written                        then                    power lost in between
    state     with the number and the effect: done       answered                answered after the start: done
    act       with the number, and "power was lost"      acted, then answered    answered after the start: power was lost

RELAY, LIMIT, CREDIT, TARIFF and CONFIGURE are states: the file says what is to be, and the meter makes it so, now or after a
start. RESEND, UPDATE, LOG and ROTATE are acts. A refusal is a state, too. The answer stays in the file until its event is
kept, so a cut between those two gives the same answer twice, never none.
"""

from ..wire import command, es256
from ..wire.command import Command
from ..wire.fields import WireError
from .control import DONE, FAILED, REFUSED, Answer, Control
from .notes import StoreFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..wire.steps import Steps
    from .config import Config
    from .credit import Account

_ACTS = {
    command.RESEND: command.resend_of,
    command.UPDATE: command.manifest_of,
    command.LOG: command.nothing_of,
    command.ROTATE: command.nothing_of,
}


class Replayed(WireError):
    """The command's number is not above the newest one's, or it is from before the file was lost: it has had its answer."""


class Commands:
    """Executes what the gateway's key has signed."""

    def __init__(
        self,
        config: "Config",
        control: Control,
        has_contact: bool,
        resend: "Callable[[int, int], None]",
        update: "Callable[[bytes], None]",
        send_log: "Callable[[], None]",
        rotate: "Callable[[], None]",
    ) -> None:
        """The acts: ``resend(first, last)``, ``update(manifest)``, ``send_log()``, ``rotate()``; WireError if they refuse."""
        self._config = config
        self._control = control
        self._has_contact = has_contact
        self._resend = resend
        self._update = update
        self._send_log = send_log
        self._rotate = rotate

    def read_steps(self, payload: bytes) -> "Steps[Command]":
        """The gateway's command in ``payload``, in steps. WireError if it is for another meter, or not the gateway's."""
        order = command.parse(payload, self._config.site, self._config.meter)
        yield
        genuine = yield from es256.verify_steps(self._config.gateway_key, order.id, order.signature)
        if not genuine:
            raise WireError("command: the signature is not the gateway's")
        return order

    def obey(self, order: Command, at: "int | None") -> None:
        """Execute ``order``, whose signature was checked, at Unix second ``at`` (None while the clock is not set).

        Its answer is owed from then on; the one before must have been given. Replayed: nothing happened. StoreFull: nothing
        happened, and the same command may come again.
        """
        control = self._control
        if order.number <= control.number or order.issued < control.since:
            raise Replayed(f"command {order.number}, issued {order.issued}, is a replay: {control.number} was obeyed")
        act = order.kind in _ACTS
        try:
            answer = self._prepare(order, at, act)
            control.number = order.number
            control.answer = answer
            control.save()
        except StoreFull:
            control.undo()
            raise
        if act and answer.result == FAILED:
            self._act(order, answer)

    def _prepare(self, order: Command, at: "int | None", act: bool) -> Answer:
        """The answer if the power is lost from now on; states are changed, but not on the flash yet."""
        try:
            _check_age(order, at)
            if act:
                _ACTS[order.kind](order.arguments)
                return Answer(order.id, order.kind, FAILED, "the power was lost")
            self._change(order)
        except WireError as error:
            return Answer(order.id, order.kind, REFUSED, str(error))
        return Answer(order.id, order.kind, DONE, "")

    def _change(self, order: Command) -> None:
        """WireError, before anything is changed, if it cannot be done."""
        control, kind, arguments = self._control, order.kind, order.arguments
        if kind == command.RELAY:
            opened = not command.relay_of(arguments)
            if not self._has_contact:
                raise WireError("this meter has no contact")
            control.opened = opened
        elif kind == command.LIMIT:
            control.limit = command.limit_of(arguments)
        elif kind == command.CREDIT:
            _change_credit(control.account, arguments)
        elif kind == command.TARIFF:
            control.account.set_tariff(command.tariff_of(arguments))
        elif kind == command.CONFIGURE:
            control.configure(command.configuration_of(arguments))
        else:
            raise WireError(f"kind {kind} is not known to this firmware")

    def _act(self, order: Command, answer: Answer) -> None:
        try:
            if order.kind == command.RESEND:
                self._resend(*command.resend_of(order.arguments))
            elif order.kind == command.UPDATE:
                self._update(command.manifest_of(order.arguments))
            elif order.kind == command.LOG:
                self._send_log()
            else:
                self._rotate()
        except WireError as error:
            answer.result, answer.reason = REFUSED, str(error)
        else:
            answer.result, answer.reason = DONE, ""


def _check_age(order: Command, at: "int | None") -> None:
    if order.expires is not None and at is None:
        raise WireError("it expires, and the clock is not set")
    if order.expires is not None and at is not None and at > order.expires:
        raise WireError(f"expired at {order.expires}")


def _change_credit(account: "Account", arguments: object) -> None:
    operation, amount, top_up = command.credit_of(arguments)
    if operation == command.SET:
        account.set_credit(amount, top_up)
    else:
        account.add_credit(amount, top_up)
