"""The reckoning: what the plant did, what the meters certified, what the ledger holds, what was paid for.

Four witnesses that do not copy from each other: the rig's journal, the meters' flashes, the ledger file read from outside, and
the verifier. What the gateway says of itself is not asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blockchain_iface.archive import Archive
from blockchain_iface.ledger import Corrupt
from blockchain_iface.state.records import FEEDER
from blockchain_iface.verify import verify

from . import journal
from .books import Books, Chain, read

_RESOLUTION_WH = 1
"""One step of an energy register; a unit has two, import and export."""


@dataclass(frozen=True, slots=True)
class Flash:
    """A stopped meter's own word: its highest sequence number, the numbers it holds no receipt for, certificates damaged."""

    last_seq: int
    pending: tuple[int, ...]
    corrupt: int


@dataclass(frozen=True, slots=True)
class MeterReckoning:
    """One meter; energy is import plus export in Wh, ``balance`` in micro-tokens. None: a feeder settles nothing."""

    meter: str
    role: str
    issued: int
    receipted: int
    pending: int
    plant_wh: int
    certified_wh: int
    settled_wh: int | None
    catch_up_s: int
    dead_s: float
    balance: int | None

    @property
    def energy_error_wh(self) -> int:
        """What the plant did and nobody certified (or the other way round), in Wh."""
        return abs(self.plant_wh - self.certified_wh)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """All meters, and what concerns the ledger as a whole."""

    meters: tuple[MeterReckoning, ...]
    repeated: int
    """Sequence numbers that are on the ledger more than once."""
    balance_error: int
    settled_intervals: int
    true_ups: int
    traded_wh: int
    entries: int
    blocks: int
    ledger_fault: str | None

    @property
    def trading(self) -> list[MeterReckoning]:
        """All but the feeder meters."""
        return [meter for meter in self.meters if meter.settled_wh is not None]

    @property
    def lost(self) -> int:
        """Certificates that a meter issued and the ledger does not have."""
        return sum(max(0, meter.issued - meter.receipted) for meter in self.meters)

    @property
    def double_counted(self) -> int:
        """Sequence numbers on the ledger twice, and Wh settled beyond those certified."""
        return self.repeated + sum(max(0, (meter.settled_wh or 0) - meter.certified_wh) for meter in self.trading)

    @property
    def unsettled_wh(self) -> int:
        """Wh certified and not settled."""
        return sum(max(0, meter.certified_wh - (meter.settled_wh or 0)) for meter in self.trading)

    @property
    def debt(self) -> int:
        """Certificates for which their meter holds no receipt."""
        return sum(meter.pending for meter in self.meters)

    def faults(self) -> list[str]:
        """What is not in order, a sentence each; empty if everything is."""
        uncertified = [meter.meter for meter in self.meters if meter.energy_error_wh > 2 * _RESOLUTION_WH]
        found = {
            f"{self.lost} certificates were issued and are not on the ledger": self.lost,
            f"{self.double_counted} certificates or Wh are counted twice": self.double_counted,
            f"{self.debt} certificates wait for their receipt": self.debt,
            f"{self.unsettled_wh} Wh are certified and not settled": self.unsettled_wh,
            f"balances and postings are off by {self.balance_error} micro-tokens": self.balance_error,
            f"the plant's energy and the certified one differ at {', '.join(uncertified)}": uncertified,
            f"the ledger does not verify: {self.ledger_fault}": self.ledger_fault,
        }
        return [sentence for sentence, wrong in found.items() if wrong]


def reckon(
    ledger: Path, gateway_key: bytes, plant_journal: Path, flashes: Mapping[str, Flash], dead_s: Mapping[str, float]
) -> Reckoning:
    """Compare the witnesses, once everybody has stopped.

    Args:
        gateway_key: the key that the meters were given, so that the ledger's own word for it is not needed.
        dead_s: seconds without power, by meter.
    Raises:
        Corrupt: the ledger file cannot even be read through.
    """
    archive = Archive(ledger)
    books = read(archive.entries())
    plant = journal.energy(plant_journal)
    blocks = sum(1 for _ in archive.blocks())
    return Reckoning(
        meters=tuple(_meter(books, name, chain, plant[name], flashes[name], dead_s) for name, chain in books.chains.items()),
        repeated=sum(chain.repeated for chain in books.chains.values()),
        balance_error=books.balance_error,
        settled_intervals=len(books.settlements),
        true_ups=books.revisions,
        traded_wh=sum(delivery.wh for entry in books.settlements.values() for delivery in entry.deliveries),
        entries=archive.count(),
        blocks=blocks,
        ledger_fault=_fault(archive, gateway_key),
    )


def _meter(books: Books, name: str, chain: Chain, plant_wh: int, flash: Flash, dead_s: Mapping[str, float]) -> MeterReckoning:
    trades = chain.role != FEEDER
    return MeterReckoning(
        meter=name,
        role=chain.role,
        issued=flash.last_seq,
        receipted=len(chain.certificates),
        pending=len(flash.pending) + flash.corrupt,
        plant_wh=plant_wh,
        certified_wh=chain.energy_wh,
        settled_wh=books.settled_wh(name) if trades else None,
        catch_up_s=chain.catch_up_s,
        dead_s=dead_s.get(name, 0.0),
        balance=books.balances[name] if trades else None,
    )


def _fault(archive: Archive, gateway_key: bytes) -> str | None:
    try:
        verify(archive, gateway_key)
    except Corrupt as error:
        return str(error)
    return None
