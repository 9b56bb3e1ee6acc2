"""Reads along in the ledger file while the gateway writes it: every entry is checked again, by a state of our own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from blockchain_iface.archive import Archive
from blockchain_iface.ledger import Corrupt, Unavailable
from blockchain_iface.signatures import Verifier
from blockchain_iface.state import market
from blockchain_iface.state.entries import Settlement, Sighting
from blockchain_iface.state.machine import Machine
from blockchain_iface.state.memory import MemoryBacking
from blockchain_iface.state.records import Interval
from firmware.wire import cose

from .commissioning import SITE


@dataclass(frozen=True, slots=True)
class Settled:
    """One settlement entry, as a line for people; energy in Wh, price in micro-tokens per kWh, mu in millionths."""

    t0: int
    length_s: int
    revision: int
    measured_wh: int
    """Import plus export of all trading meters."""
    traded_wh: int
    price: int
    mu_ppm: int
    unexplained_wh: int | None
    silent: int
    """Meters that were taken at their schedule."""


class Follower:
    """The ledger's state as far as it has been read.

    Attributes:
        sightings: how many heads of another history are on record.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._archive: Archive | None = None
        self._machine = Machine(Verifier(), MemoryBacking())
        self._state = self._machine.site(SITE)
        self._index = -1
        self.sightings = 0

    def news(self) -> Iterator[Settled]:
        """Read what is new and yield the settlements in it. Refused if an entry breaks a rule."""
        try:
            self._archive = self._archive or Archive(self._file)
            for entry in self._archive.entries(self._index):
                statement = cose.parse(entry.data)
                self._machine.apply(statement)
                self._machine.keep()
                self._index = entry.index
                self.sightings += statement.type == Sighting.TYPE
                if statement.type == Settlement.TYPE:
                    yield self._settled(Settlement.decode(statement.payload))
        except (Corrupt, Unavailable):
            # the file is being made or recovered; what is wrong for good, the last verification names
            return

    def _settled(self, entry: Settlement) -> Settled:
        state = self._state
        interval = state.intervals[entry.t0]
        return Settled(
            entry.t0,
            state.rules.interval,
            entry.revision,
            sum(energy.imported + energy.exported for _, energy in entry.measured),
            interval.traded_wh,
            interval.price,
            interval.mu_ppm,
            entry.unexplained_wh,
            interval.scheduled,
        )

    def certificates(self, meter: str) -> int:
        """How many of the meter's certificates are on the ledger."""
        chain = self._state.chains.get(meter)
        return chain.total if chain is not None else 0

    def balance(self, account: str) -> int:
        """Micro-tokens of an account."""
        return self._state.balance(account)

    def certified_until(self, meter: str) -> int:
        """End of the meter's certified time without holes, in Unix seconds; 0 before its first certificate."""
        state = self._state
        chain = state.chains.get(meter)
        return state.certificates[meter, chain.contiguous].end if chain is not None and chain.contiguous else 0

    def is_final(self, until: int) -> bool:
        """Whether all intervals that end by ``until`` (Unix seconds) are settled by certificates, with nothing to true up."""
        state = self._state
        ended = [t0 for t0, _ in state.intervals.items() if t0 + state.rules.interval <= until]
        waiting = [t0 for t0 in state.open_intervals() if t0 + state.rules.interval <= until]
        return all(self._by_certificates(state.intervals[t0]) for t0 in ended) and not any(map(self._has_news, waiting))

    @staticmethod
    def _by_certificates(interval: Interval) -> bool:
        return interval.revision is not None and not interval.scheduled

    def _has_news(self, t0: int) -> bool:
        state = self._state
        return market.is_news(state.intervals.get(t0) or Interval(t0), market.settled(state, t0))
