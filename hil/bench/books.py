"""What a ledger's entries say, added up from their bytes without the state machine: a second opinion on its arithmetic."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from blockchain_iface.ledger import Entry
from blockchain_iface.state.entries import Enrolment, Recharge, Recovery, Settlement, Transaction
from blockchain_iface.state.state import ESCROW, SUBSIDY
from firmware.wire import certificate, cose
from firmware.wire.certificate import CATCH_UP, Certificate


@dataclass
class Chain:
    """One meter's certificates by sequence number; ``repeated`` counts numbers that came more than once."""

    role: str
    certificates: dict[int, Certificate] = field(default_factory=dict)
    repeated: int = 0

    @property
    def energy_wh(self) -> int:
        """Certified import plus export, in Wh."""
        return sum(sum(one.closing) - sum(one.opening) for one in self.certificates.values())

    @property
    def catch_up_s(self) -> int:
        """Seconds whose energy is certified as a whole, their profile unknown."""
        rows = [(one.dt, row[6]) for one in self.certificates.values() for row in one.rows]
        return sum(dt for dt, status in rows if status & CATCH_UP)


@dataclass
class Books:
    """Balances in micro-tokens. ``settlements`` holds the newest one of each interval, by its start in Unix seconds."""

    chains: dict[str, Chain] = field(default_factory=dict)
    settlements: dict[int, Settlement] = field(default_factory=dict)
    revisions: int = 0
    balances: Counter[str] = field(default_factory=Counter)
    circulating: int = 0
    crooked: int = 0
    """Micro-tokens by which postings miss zero, all misses added."""

    @property
    def balance_error(self) -> int:
        """Micro-tokens by which balances differ from what was recharged less recovered, and postings from zero."""
        return abs(sum(self.balances.values()) - self.circulating) + self.crooked

    def settled_wh(self, meter: str) -> int:
        """Import plus export of ``meter`` in the newest settlements, in Wh."""
        measured = (dict(settlement.measured).get(meter) for settlement in self.settlements.values())
        return sum(energy.imported + energy.exported for energy in measured if energy is not None)

    def take(self, entry: Entry) -> None:
        """Add one entry. WireError if its bytes are none."""
        statement = cose.parse(entry.data)
        if statement.type == certificate.TYPE:
            body = certificate.decode(statement.payload)
            chain = self.chains[statement.subject]
            chain.repeated += body.seq in chain.certificates
            chain.certificates[body.seq] = body
        elif statement.type == Enrolment.TYPE:
            self.chains[statement.subject] = Chain(Enrolment.decode(statement.payload).role)
        elif statement.type == Recharge.TYPE:
            self._issue(Recharge.decode(statement.payload), 1)
        elif statement.type == Recovery.TYPE:
            self._issue(Recharge.decode(statement.payload), -1)
        elif statement.type == Transaction.TYPE:
            self._hold(Transaction.decode(statement.payload))
        elif statement.type == Settlement.TYPE:
            self._settle(Settlement.decode(statement.payload))

    def _issue(self, order: Recharge, sign: int) -> None:
        self.balances[order.account] += sign * order.amount
        self.circulating += sign * order.amount

    def _hold(self, entry: Transaction) -> None:
        for trade in entry.trades:
            self.balances[trade.buyer] -= trade.margin
            self.balances[ESCROW] += trade.margin
        self.balances[SUBSIDY] -= entry.reserve
        self.balances[ESCROW] += entry.reserve

    def _settle(self, entry: Settlement) -> None:
        self.settlements[entry.t0] = entry
        self.revisions += entry.revision > 0
        self.crooked += abs(sum(amount for _, amount in entry.postings))
        for account, amount in entry.postings:
            self.balances[account] += amount


def read(entries: Iterable[Entry]) -> Books:
    """The books of all ``entries``, which begin with the ledger's first."""
    books = Books()
    for entry in entries:
        books.take(entry)
    return books
