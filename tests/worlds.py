"""A small island on a ledger, for tests: virtual meters, the market at work, tokens counted after every entry."""

from pathlib import Path

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.state import proposals
from blockchain_iface.state.records import Interval, Tariff
from blockchain_iface.state.state import ESCROW, GRID, ISSUE, SUBSIDY
from firmware.wire import cose
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter, enrol, genesis, recharge

DEADLINE = 3 * INTERVAL
TOKEN = 1_000_000


class Island:
    """A wind turbine, two homes and a feeder."""

    def __init__(self, path: Path, tariff: Tariff = TARIFF) -> None:
        self.ledger = EmbeddedLedger(path, CENTRE, SITE)
        self.ledger.submit([genesis(tariff)], T0)
        self.wind, self.home, self.other = VirtualMeter("wind-1", 11), VirtualMeter("home-1", 12), VirtualMeter("home-2", 13)
        self.feeder = VirtualMeter("feeder", 14)
        self.meters = (self.wind, self.home, self.other, self.feeder)
        for meter, role in zip(self.meters, ("wind", "load", "load", "feeder"), strict=True):
            enrol(self.ledger, meter, role)
        for account in ("home-1", "home-2", GRID, SUBSIDY):
            recharge(self.ledger, account, 50 * TOKEN, f"first-{account}")

    def submit(self, *certificates: bytes, now: int) -> None:
        self.ledger.submit(certificates, now)
        self.work(now)

    def work(self, now: int) -> None:
        while proposal := proposals.due(self.ledger.state, now, DEADLINE):
            batch = [cose.sign(CENTRE, SITE, subject, type, payload) for subject, type, payload in proposal.entries]
            self.ledger.submit(batch, now)
            self.check()

    def check(self) -> None:
        """Tokens are conserved after every entry."""
        state = self.ledger.state
        circulating = (state.totals.get("recharged") or 0) - (state.totals.get("recovered") or 0)
        assert state.balances() == circulating == -state.balance(ISSUE)
        assert sum(amount for _, amount in state.accounts.items()) == 0
        assert state.balance(ESCROW) >= 0

    def run(self, wind: int, home: int, other: int, now: int) -> None:
        """One interval that everybody certifies."""
        feed = home + other - wind
        self.submit(
            self.wind.certify(0, wind),
            self.home.certify(home, 0),
            self.other.certify(other, 0),
            self.feeder.certify(max(feed, 0), max(-feed, 0)),
            now=now,
        )

    def interval(self, t0: int) -> Interval:
        return self.ledger.state.intervals[t0]
