"""What people see of the shadow centre: one immutable picture, made by the core after each step and shown by the dashboard.

Power in W (positive = taken from the island), energy in Wh, money in micro-tokens, prices in micro-tokens per kWh, times in
Unix seconds. None means "not known", never zero.
"""

from dataclasses import dataclass, field

from .hygiene import NOTHING, Figures


@dataclass(frozen=True)
class MeterView:
    """One meter: what it last said (unsigned state), what it has certified, and what it is still owed."""

    meter: str
    name: str
    role: str
    online: bool
    state_time: int | None
    """When the last state message came."""
    power_w: int | None
    voltage_dv: int | None
    frequency_mhz: int | None
    soc_permille: int | None
    import_wh: int | None
    """Certified import register (last closing)."""
    export_wh: int | None
    certified_until: int | None
    """End of the newest certificate."""
    clock_quality: int | None
    """0 never set, 1 network (unauthenticated), 2 host clock, 3 authenticated."""
    clock_uncertainty_ms: int | None
    issued: int
    """Highest sequence number known to exist: from certificates, or from what the meter says."""
    receipted: int
    """Certificates on the ledger."""
    refused: int
    balance: int | None
    """None for a meter without an account (the feeder)."""
    given_up: int = 0
    """Certificates that the meter has given up with a signed event, its flash being full."""
    revoked: bool = False
    """Its key has ended: it certifies nothing any more."""
    quarantined: bool = False
    """Two devices sign as this meter: its energy is kept, and settled once a person has decided."""
    hygiene: Figures = NOTHING
    """What its present key's signatures and statements tell."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What people should look at, and how."""
        held = "in quarantine, two devices sign as this meter: readmit it, revoke its key or exchange it"
        return (*([held] if self.quarantined else []), *self.hygiene.warnings)

    @property
    def debt(self) -> int:
        """Delivery debt: certificates issued, minus those receipted or given up. Zero when nothing is owed."""
        return self.issued - self.receipted - self.given_up


@dataclass(frozen=True)
class Outcome:
    """How an ordered command ended, by the meter's signed event; all but the first three as far as it says."""

    name: str
    """The order's."""
    meter: str
    result: str
    """done, refused, failed, or overdue: then there is no event, and the meter may have obeyed or not."""
    contact: str | None = None
    """open or closed, after it."""
    power_w: int | None = None
    """After it."""
    reason: str = ""
    event: str | None = None
    """Id of the event, hex."""
    log: str | None = None
    """The newest lines of the meter's log, if that was the command."""


@dataclass(frozen=True)
class BlockView:
    """One block of the ledger."""

    height: int
    time: int
    entries: int
    size: int
    root: str


@dataclass(frozen=True)
class PriceView:
    """The price of one interval (island paper, eq. 2): F in micro-tokens per kWh, the subsidy factor mu in millionths."""

    t0: int
    dt: int
    price: int
    mu_ppm: int
    supply_wh: int
    demand_wh: int


@dataclass(frozen=True)
class SettlementView:
    """One settled interval, newest revision."""

    t0: int
    dt: int
    revision: int
    energy_wh: int
    """Import plus export of all trading meters."""
    traded_wh: int
    provisional: int
    """How many meters were silent and taken at their schedule."""
    unexplained_wh: int | None
    """Feeder minus the meters' sum minus modelled losses; None while somebody is silent."""


@dataclass(frozen=True)
class View:
    """The whole picture at ``time``."""

    site: str
    interval_s: int
    time: int
    started: int
    meters: tuple[MeterView, ...] = ()
    blocks: tuple[BlockView, ...] = ()
    """Newest first, at most 12."""
    price: PriceView | None = None
    settlements: tuple[SettlementView, ...] = ()
    """Newest first, at most 60."""
    recharged: int = 0
    recovered: int = 0
    balances: int = 0
    """Sum of all balances: always recharged minus recovered."""
    refusals: dict[str, int] = field(default_factory=dict)
    """Messages refused so far, by reason."""
    broker: str = ""
    """Which broker runs, and whether the gateway is connected."""

    @property
    def debt(self) -> int:
        """Delivery debt of the whole site."""
        return sum(meter.debt for meter in self.meters)
