"""The state machine: one signed statement after another, each applied wholly or refused wholly."""

from collections.abc import Callable

from firmware.wire import certificate, cose, event
from firmware.wire.fields import WireError

from ..signatures import Verifier
from . import accounts, entries, events, market, measurement, registry
from .state import Refused, State

_METERS: dict[str, Callable[[State, cose.Statement, str], None]] = {
    certificate.TYPE: measurement.apply_certificate,
    event.TYPE: events.apply_event,
}
_MARKET: dict[str, Callable[[State, bytes], None]] = {
    entries.Pricing.TYPE: lambda state, payload: market.apply_pricing(state, entries.Pricing.decode(payload)),
    entries.Transaction.TYPE: lambda state, payload: market.apply_transaction(state, entries.Transaction.decode(payload)),
    entries.Settlement.TYPE: lambda state, payload: market.apply_settlement(state, entries.Settlement.decode(payload)),
}


class Machine:
    """Applies statements to a State. The caller keeps or drops the drafts."""

    def __init__(self, verifier: Verifier) -> None:
        self.state = State()
        self._verifier = verifier

    def apply(self, statement: cose.Statement) -> None:
        """Draft what ``statement`` changes.

        Raises:
            Refused: it breaks a rule; drop the drafts. The text says which.
        """
        try:
            self._dispatch(statement)
        except WireError as error:
            raise Refused(str(error)) from None

    def _dispatch(self, statement: cose.Statement) -> None:
        state = self.state
        if statement.type == entries.Genesis.TYPE:
            registry.apply_genesis(state, statement, self._verifier)
            return
        if statement.issuer != state.rules.name:
            raise Refused(f"the statement is of site {statement.issuer}, this is {state.rules.name}")
        if statement.type in _METERS:
            _METERS[statement.type](state, statement, self._signing_meter(statement))
            return
        if statement.kid != state.rules.kid or not self._verifier.holds(statement, state.rules.public):
            raise Refused("not signed by the shadow centre")
        if statement.type in _MARKET:
            _MARKET[statement.type](state, statement.payload)
        elif statement.type == entries.Enrolment.TYPE:
            registry.apply_enrolment(state, statement, self._verifier)
        elif statement.type == entries.Recharge.TYPE:
            order = entries.Recharge.decode(statement.payload)
            accounts.recharge(state, order.account, order.amount, order.reference)
        elif statement.type == entries.Recovery.TYPE:
            order = entries.Recovery.decode(statement.payload)
            accounts.recover(state, order.account, order.amount, order.reference)
        elif statement.type == entries.Alarm.TYPE:
            registry.apply_alarm(state, statement, self._verifier)
        else:
            raise Refused(f"no rule for entries of type {statement.type}")

    def _signing_meter(self, statement: cose.Statement) -> str:
        meter = self.state.keys.get(statement.kid)
        if meter is None or meter != statement.subject:
            raise Refused("the key is not enrolled for this meter")
        if not self._verifier.holds(statement, self.state.meters[meter].public):
            raise Refused("the signature does not hold")
        return meter
