"""What the ledger's entries add up to. Every value follows from the entries alone: no clock, no float, no randomness."""

from dataclasses import dataclass

from firmware.wire import receipt

from .table import Table

ESCROW = "@escrow"
"""Holds margins and subsidy reserves between transaction and settlement."""
GRID = "@grid"
"""The grid company: sells the shortfall, buys the surplus."""
SUBSIDY = "@subsidy"
"""The fund that pays (mu - 1) of every local trade, and takes what mu < 1 leaves over."""
ISSUE = "@issue"
"""Counterpart of every recharge and recovery: minus the tokens in circulation."""
FUNDED = (GRID, SUBSIDY)
FEEDER = "feeder"


class Refused(Exception):
    """An entry breaks a rule of the state machine, now and for ever: its author's fault. The text says which rule."""


@dataclass(frozen=True, slots=True)
class Tariff:
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


@dataclass(frozen=True, slots=True)
class Site:
    """Genesis: who the shadow centre is and by which rules it settles. ``interval`` in seconds."""

    name: str
    public: bytes
    kid: bytes
    interval: int
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class Meter:
    """An enrolled meter. ``role`` is wind, house, storage, load or feeder; all but the feeder trade."""

    meter: str
    public: bytes
    kid: bytes
    role: str

    @property
    def trades(self) -> bool:
        """True if the meter has an account."""
        return self.role != FEEDER


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """What later entries need of a certificate: its id, its time span in Unix seconds, its registers in Wh."""

    id: bytes
    prev: bytes | None
    t0: int
    end: int
    opening: tuple[int, int]
    closing: tuple[int, int]


@dataclass(frozen=True, slots=True)
class EventFact:
    """What later entries need of an event: its id, and the id of the one before."""

    id: bytes
    prev: bytes | None


@dataclass(frozen=True, slots=True)
class Chain:
    """Which of a meter's certificates are here: 1..contiguous, and ``beyond`` after a gap (ascending)."""

    contiguous: int = 0
    beyond: tuple[int, ...] = ()
    count: int = 0

    @property
    def highest(self) -> int:
        """The highest sequence number here; 0 if none."""
        return self.beyond[-1] if self.beyond else self.contiguous

    def missing(self) -> list[tuple[int, int]]:
        """The gaps as (first, last) sequence numbers, lowest first."""
        gaps = []
        expected = self.contiguous + 1
        for seq in self.beyond:
            if seq > expected:
                gaps.append((expected, seq - 1))
            expected = seq + 1
        return gaps


@dataclass(frozen=True, slots=True)
class Coverage:
    """What certificates say about one meter in one interval: seconds covered, Wh, and whether a profile was spread."""

    seconds: int = 0
    imported: int = 0
    exported: int = 0
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade of an interval: ``wh`` from seller to buyer; ``margin`` in micro-tokens, prepaid by the buyer."""

    seller: str
    buyer: str
    wh: int
    margin: int


CERTIFIED, SPREAD, SCHEDULED = range(3)


@dataclass(frozen=True, slots=True)
class Measured:
    """One meter's energy in one interval, in Wh, and how it is known: certified, spread from a longer span, or scheduled."""

    imported: int
    exported: int
    quality: int


@dataclass(frozen=True, slots=True)
class Interval:
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
    def scheduled(self) -> int:
        """How many meters the newest settlement took at their schedule."""
        return sum(1 for _, measured in self.measured if measured.quality == SCHEDULED)


class State:
    """All tables. ``keep`` or ``drop`` the drafts of one entry or batch together."""

    def __init__(self) -> None:
        self.site: Table[str, Site] = Table()
        self.meters: Table[str, Meter] = Table()
        self.keys: Table[bytes, str] = Table()
        self.chains: Table[str, Chain] = Table()
        self.certificates: Table[tuple[str, int], CertificateFact] = Table()
        self.coverage: Table[tuple[int, str], Coverage] = Table()
        self.intervals: Table[int, Interval] = Table()
        self.open: Table[str, tuple[int, ...]] = Table()
        self.accounts: Table[str, int] = Table()
        self.totals: Table[str, int] = Table()
        self.references: Table[str, int] = Table()
        self.events: Table[tuple[str, int], EventFact] = Table()
        self.alarms: Table[tuple[str, int, int], bytes] = Table()

    def keep(self) -> None:
        """Make all drafts final."""
        for table in vars(self).values():
            table.keep()

    def drop(self) -> None:
        """Forget all drafts."""
        for table in vars(self).values():
            table.drop()

    @property
    def rules(self) -> Site:
        """The site's genesis. Refused before there is one."""
        site = self.site.get("site")
        if site is None:
            raise Refused("the ledger has no genesis yet")
        return site

    def fact(self, kind: int, meter: str, number: int) -> CertificateFact | EventFact | None:
        """What is here under a meter's ``number`` among its statements of ``kind``, receipt.CERTIFICATE or receipt.EVENT."""
        place = meter, number
        return self.events.get(place) if kind == receipt.EVENT else self.certificates.get(place)

    def open_intervals(self) -> tuple[int, ...]:
        """Intervals (t0, ascending) that are not settled, or about which more has become known since."""
        return self.open.get("intervals") or ()

    def reopen(self, t0: int) -> None:
        """Put an interval among the open ones."""
        opened = self.open_intervals()
        if t0 not in opened:
            self.open.put("intervals", tuple(sorted((*opened, t0))))

    def close(self, t0: int) -> None:
        """Take an interval off the open ones, until something new becomes known about it."""
        self.open.put("intervals", tuple(other for other in self.open_intervals() if other != t0))

    def balance(self, account: str) -> int:
        """Micro-tokens in ``account``; 0 for one never used."""
        return self.accounts.get(account) or 0

    def balances(self) -> int:
        """Sum of all balances but the issuer's: the tokens in circulation."""
        return sum(amount for account, amount in self.accounts.items() if account != ISSUE)
