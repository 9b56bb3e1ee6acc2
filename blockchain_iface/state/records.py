"""What the state keeps: tuples of integers, text and bytes all through, so that a record's CBOR array is the record itself."""

from typing import NamedTuple

from firmware.wire import receipt

from .runs import Runs, joined

FEEDER = "feeder"
NEVER = 1 << 32
"""Above every number of a certificate or event."""
CERTIFIED, SPREAD, SCHEDULED = range(3)
"""How energy is known: certified for the interval, spread over it from a longer span, or taken from the schedule."""


class Tariff(NamedTuple):
    """The site's prices, in micro-tokens per kWh, and its shares, in millionths. Fixed at genesis."""

    bands: tuple[tuple[int, int], ...]
    """(second of the UTC day from which it holds, price): the multi-time-scale price F(t, j); the first begins at 0."""
    feed_in: int
    """Paid by the grid for surplus."""
    price_min: int
    price_max: int
    """F_min and F_max of the island paper's equation (2)."""
    grid_price: int
    """Charged by the grid for shortfall."""
    mu_min_ppm: int
    mu_max_ppm: int
    margin_ppm: int
    """Prepaid margin as a share of a trade's price."""
    loss_ppm: int
    """Modelled feeder losses as a share of the energy taken from the island."""
    payout_at: int
    """A seller's balance from which it is paid out, in micro-tokens."""
    payout_keep: int
    """What a payout leaves in the account, in micro-tokens."""


class Site(NamedTuple):
    """Genesis: who the shadow centre is and by which rules it settles. ``interval`` in seconds."""

    name: str
    public: bytes
    kid: bytes
    interval: int
    tariff: Tariff


class Meter(NamedTuple):
    """An enrolled meter: its present key, and the metering point that it is at.

    ``since`` and ``opening`` are the Unix second and registers (Wh) of the exchange that brought it; None if enrolment did.
    """

    meter: str
    public: bytes
    kid: bytes
    point: str
    since: int | None = None
    opening: tuple[int, int] | None = None


class Key(NamedTuple):
    """A key that signs for ``meter``: certificates and events with numbers from the first up to, not including, the second.

    ``replaces`` is the kid of the key that handed over to it; None if enrolment or exchange brought it.
    """

    meter: str
    public: bytes
    certificates: tuple[int, int] = (1, NEVER)
    events: tuple[int, int] = (1, NEVER)
    replaces: bytes | None = None

    @property
    def ended(self) -> bool:
        """True if it was revoked, replaced or taken out."""
        return self.certificates[1] != NEVER

    def signs(self, kind: int, number: int) -> bool:
        """True if it may sign statement ``number`` of ``kind``, receipt.CERTIFICATE or receipt.EVENT."""
        first, end = self.events if kind == receipt.EVENT else self.certificates
        return first <= number < end

    def until(self, certificate: int, event: int) -> "Key":
        """As it is once it signs nothing from these numbers on."""
        (first, end), (first_event, end_event) = self.certificates, self.events
        return self._replace(certificates=(first, min(end, certificate)), events=(first_event, min(end_event, event)))


class Point(NamedTuple):
    """A metering point, which names its account: ``meters`` meter it, one after the other. All but the feeder trade."""

    name: str
    role: str
    meters: tuple[str, ...]

    @property
    def meter(self) -> str:
        """The meter that is there now."""
        return self.meters[-1]

    @property
    def trades(self) -> bool:
        """True if it has an account."""
        return self.role != FEEDER


class Hold(NamedTuple):
    """A metering point's quarantine, its ``number``-th: the ``runs`` of intervals that it keeps from settlement."""

    number: int = 0
    runs: Runs = ()
    holding: int = 0

    @property
    def holds(self) -> bool:
        """True until a person has decided. (The wire format has no booleans.)"""
        return self.holding == 1

    def joined(self, first: int, last: int, length: int) -> "Hold":
        """With the intervals from t0 ``first`` to ``last``, each ``length`` seconds long."""
        return self._replace(runs=joined(self.runs, first, last, length))


class CertificateFact(NamedTuple):
    """What later entries need of a certificate: its id, its time span in Unix seconds, its registers in Wh."""

    id: bytes
    prev: bytes | None
    t0: int
    end: int
    opening: tuple[int, int]
    closing: tuple[int, int]


class GapFact(NamedTuple):
    """Certificates ``first`` to ``last`` that a meter has given up: their time span in Unix seconds, its registers in Wh."""

    first: int
    last: int
    t0: int
    end: int
    opening: tuple[int, int]
    closing: tuple[int, int]

    def joins(self, seq: int, fact: CertificateFact) -> bool:
        """True unless certificate ``seq`` is next to the gap and does not meet it."""
        if seq == self.first - 1:
            return (fact.end, fact.closing) == (self.t0, self.opening)
        return seq != self.last + 1 or (fact.t0, fact.opening) == (self.end, self.closing)


class EventFact(NamedTuple):
    """What later entries need of an event: its id, and the id of the one before."""

    id: bytes
    prev: bytes | None


class Ordered(NamedTuple):
    """A command to ``meter``: its number, its kind as in firmware.wire.command, Unix seconds from and until when it is meant.

    ``expires`` is None for never; ``answer`` is the id of the meter's event that says what became of it, None until it is here.
    """

    meter: str
    number: int
    kind: int
    issued: int
    expires: int | None
    answer: bytes | None = None


class Chain(NamedTuple):
    """Which of a meter's certificates, or events, are here: ``total`` of 1..highest, all but the ``gaps`` (first, last)."""

    highest: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    total: int = 0

    @property
    def contiguous(self) -> int:
        """The number up to which none is missing; 0 before the first."""
        return self.gaps[0][0] - 1 if self.gaps else self.highest

    def holds(self, seq: int) -> bool:
        """True if the one with this number is here."""
        return 0 < seq <= self.highest and not any(first <= seq <= last for first, last in self.gaps)

    def extended(self, seq: int) -> "Chain":
        """With one more, which is not here yet."""
        if seq > self.highest:
            gaps = self.gaps if seq == self.highest + 1 else (*self.gaps, (self.highest + 1, seq - 1))
            return Chain(seq, gaps, self.total + 1)
        gaps = ()
        for first, last in self.gaps:
            pieces = ((first, seq - 1), (seq + 1, last)) if first <= seq <= last else ((first, last),)
            gaps += tuple(piece for piece in pieces if piece[0] <= piece[1])
        return Chain(self.highest, gaps, self.total + 1)


class Coverage(NamedTuple):
    """What certificates say about one metering point in one interval: seconds covered, Wh, and CERTIFIED or SPREAD."""

    seconds: int = 0
    imported: int = 0
    exported: int = 0
    quality: int = CERTIFIED


class Trade(NamedTuple):
    """One trade of an interval: ``wh`` from seller to buyer; ``margin`` in micro-tokens, prepaid by the buyer."""

    seller: str
    buyer: str
    wh: int
    margin: int


class Measured(NamedTuple):
    """One metering point's energy in one interval, in Wh, and how it is known: CERTIFIED, SPREAD or SCHEDULED."""

    imported: int
    exported: int
    quality: int


class Interval(NamedTuple):
    """One settlement interval: its price, its trades, its newest settlement. ``revision`` is None until settled."""

    t0: int
    price: int = 0
    mu_ppm: int = 0
    offers: tuple[tuple[str, int], ...] = ()
    demands: tuple[tuple[str, int], ...] = ()
    trades: tuple[Trade, ...] = ()
    reserve: int = 0
    revision: int | None = None
    measured: tuple[tuple[str, Measured], ...] = ()
    traded_wh: int = 0
    unexplained_wh: int | None = None

    @property
    def priced(self) -> bool:
        """True once a pricing entry is there."""
        return self.price > 0

    @property
    def energy_wh(self) -> int:
        """What the newest settlement took as taken and given, in sum."""
        return sum(energy.imported + energy.exported for _, energy in self.measured)

    @property
    def scheduled(self) -> int:
        """How many points the newest settlement took at their schedule."""
        return sum(1 for _, measured in self.measured if measured.quality == SCHEDULED)
