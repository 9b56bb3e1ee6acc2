"""The state machine: one signed statement after another, each applied wholly or refused wholly.

    apply -> keep | drop        one entry
    seal  -> commit | rollback  one block

The machine judges and reckons; an engine orders the entries and writes what ``seal`` returns, together with its block.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import itemgetter
from typing import Any

from firmware.wire import cbor, certificate, command, cose, event, rotation
from firmware.wire.fields import WireError, list_of

from ..signatures import Verifier
from . import (
    accounts,
    actions,
    alarms,
    commands,
    commissionings,
    cosigned,
    entries,
    events,
    market,
    measurement,
    registry,
    sightings,
)
from .backing import Backing, Sealed, Slot
from .happenings import Happening
from .records import Key
from .state import Refused, State
from .table import Table
from .tree import StateTree, leaf_of

_METERS: dict[str, Callable[[State, cose.Statement, Key, Verifier], Happening]] = {
    certificate.TYPE: measurement.apply_certificate,
    event.TYPE: events.apply_event,
    rotation.TYPE: registry.apply_rotation,
}
_CENTRE: dict[str, Callable[[State, cose.Statement, Verifier], Happening]] = {
    entries.Enrolment.TYPE: registry.apply_enrolment,
    entries.Revocation.TYPE: registry.apply_revocation,
    entries.Exchange.TYPE: registry.apply_exchange,
    entries.Alarm.TYPE: alarms.apply_alarm,
    entries.Leak.TYPE: alarms.apply_leak,
    entries.Readmission.TYPE: registry.apply_readmission,
    entries.Commissioning.TYPE: commissionings.apply_commissioning,
    command.TYPE: commands.apply_command,
    entries.Action.TYPE: actions.apply_action,
    entries.Cosigned.TYPE: cosigned.apply_cosigned,
    entries.Sighting.TYPE: sightings.apply_sighting,
    entries.Recharge.TYPE: lambda state, order, _: accounts.recharge(state, entries.Recharge.decode(order.payload)),
    entries.Recovery.TYPE: lambda state, order, _: accounts.recover(state, entries.Recovery.decode(order.payload)),
    entries.Pricing.TYPE: lambda state, entry, _: market.apply_pricing(state, entries.Pricing.decode(entry.payload)),
    entries.Transaction.TYPE: lambda state, entry, _: market.apply_transaction(
        state, entries.Transaction.decode(entry.payload)
    ),
    entries.Settlement.TYPE: lambda state, entry, _: market.apply_settlement(state, entries.Settlement.decode(entry.payload)),
}
_SITES = bytes([0x82])
"""With this begin the keys [site, table number] of tables that hold one value."""


class Machine:
    """Applies statements to the states of their sites. Nothing crosses from one site to another."""

    def __init__(self, verifier: Verifier, backing: Backing, founders: Mapping[str, bytes] | None = None) -> None:
        """Go on from what ``backing`` holds.

        Args:
            founders: the sites that may begin here, and their shadow centres' public keys (64 bytes); None: any.
        """
        self._verifier = verifier
        self._backing = backing
        self._founders = founders
        self._states: dict[str, State] = {}
        self._tree = StateTree(backing)
        self._taken: dict[Table[Any, Any], dict[Any, int]] = {}

    def site(self, name: str) -> State:
        """The state of a site, whether it has begun or not. Read only."""
        state = self._states.get(name)
        if state is None:
            state = self._states[name] = State(self._backing, name)
        return state

    def sites(self) -> list[str]:
        """The sites that have begun, by name."""
        keys = [list_of(cbor.decode(slot.key), "key", 2, 2) for slot in self._backing.scan(_SITES)]
        names = {*self._states, *(str(name) for name, _ in keys)}
        return sorted(name for name in names if self.site(name).genesis is not None)

    def apply(self, statement: cose.Statement) -> list[Happening]:
        """Draft what ``statement`` changes, and say what happened. Keep or drop it before the next one.

        Raises:
            Refused: it breaks a rule, and nothing of it is left. The text says which.
        """
        # whoever names sites at will leaves nothing here
        state = self._states.get(statement.issuer) or State(self._backing, statement.issuer)
        try:
            happened = self._dispatch(state, statement)
        except WireError as error:
            state.drop()
            raise Refused(str(error)) from None
        except Refused:
            state.drop()
            raise
        self._states[statement.issuer] = state
        return [happened]

    def keep(self) -> None:
        """The entry's draft joins the block's."""
        for state in self._states.values():
            state.keep()

    def drop(self) -> None:
        """Forget the entry's draft."""
        for state in self._states.values():
            state.drop()

    def seal(self, height: int) -> Sealed:
        """What the block's draft makes of the state, for the engine to write with the block; commit or rollback follows.

        A block's new keys take their slots in the bytewise order of their encodings, whatever order they came in.
        """
        size = self._backing.slots()
        written: list[Slot] = []
        fresh: list[tuple[bytes, bytes, Table[Any, Any], Any]] = []
        for table in self._tables():
            for key, data, number, value in table.changes():
                if number is None:
                    fresh.append((data, value, table, key))
                else:
                    written.append(Slot(number, data, height, value))
        written.sort()
        self._taken = {}
        for number, (data, value, table, key) in enumerate(sorted(fresh, key=itemgetter(0)), size):
            written.append(Slot(number, data, height, value))
            self._taken.setdefault(table, {})[key] = number
        size += len(fresh)
        nodes = self._tree.update({slot.number: leaf_of(slot) for slot in written}, size)
        return Sealed(height, size, self._tree.root(size), tuple(written), nodes)

    def commit(self) -> None:
        """What was sealed is in the backing: it is the state now."""
        for table in self._tables():
            table.commit(self._taken.get(table, {}))
        self._taken = {}
        self._tree.commit()

    def rollback(self) -> None:
        """Forget the entry's and the block's draft, sealed or not."""
        for state in self._states.values():
            state.rollback()
        self._taken = {}
        self._tree.rollback()

    def forget(self) -> None:
        """As ``rollback``; and what is remembered of the backing is read again, for somebody else may have written to it."""
        for state in self._states.values():
            state.forget()
        self._taken = {}
        self._tree.forget()

    def root(self) -> bytes:
        """The state root after the newest committed block: 32 bytes."""
        return self._tree.root(self._backing.slots())

    def _tables(self) -> Iterator[Table[Any, Any]]:
        return (table for state in self._states.values() for table in state.tables)

    def _dispatch(self, state: State, statement: cose.Statement) -> Happening:
        if statement.type == entries.Genesis.TYPE:
            return self._begin(state, statement)
        rules = state.rules
        if statement.type in _METERS:
            return _METERS[statement.type](state, statement, self._signing_key(state, statement), self._verifier)
        if statement.kid != rules.kid or not self._verifier.holds(statement, rules.public):
            raise Refused("not signed by the shadow centre")
        if statement.type not in _CENTRE:
            raise Refused(f"no rule for entries of type {statement.type}")
        return _CENTRE[statement.type](state, statement, self._verifier)

    def _begin(self, state: State, statement: cose.Statement) -> Happening:
        genesis = entries.Genesis.decode(statement.payload)
        if self._founders is not None and self._founders.get(statement.issuer) != genesis.public:
            raise Refused(f"foreign genesis: site {statement.issuer} with this key may not begin on this ledger")
        return registry.apply_genesis(state, statement, genesis, self._verifier)

    def _signing_key(self, state: State, statement: cose.Statement) -> Key:
        key = state.keys.get(statement.kid)
        if key is None or key.meter != statement.subject:
            raise Refused("the key is not enrolled for this meter")
        if not self._verifier.holds(statement, key.public):
            raise Refused("the signature does not hold")
        return key
