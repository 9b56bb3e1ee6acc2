"""The bodies of the island paper's three stages.

    pricing     = {1: t0, 2: [* [account, Wh offered]], 3: [* [account, Wh needed]], 4: F, 5: mu}
    transaction = {1: t0, 2: dt, 3: F, 4: [* [seller, buyer, Wh, W, margin]], 5: subsidy reserve}
    settlement  = {1: t0, 2: revision, 3: [* [account, import Wh, export Wh, quality]], 4: [* [Wh delivered, paid, subsidy]],
                   5: [* [account, micro-tokens]], 6: [import Wh, export Wh] of the feeder / null, 7: unexplained Wh / null}

F is in micro-tokens per kWh, mu in millionths, times in Unix seconds.
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import cbor
from firmware.wire.fields import WireError, list_of, map_of, uint_of

from ..records import Measured, Trade
from ..settlement import Delivery
from .parts import MANY, MONEY, PPM, WH, account_of, rows_of


@dataclass(frozen=True, slots=True)
class Pricing:
    """Stage one: what is offered and needed in the interval at ``t0`` (Wh per meter), and the price that follows."""

    TYPE: ClassVar[str] = "vnd.skerry.pricing"
    t0: int
    offers: tuple[tuple[str, int], ...]
    demands: tuple[tuple[str, int], ...]
    price: int
    mu_ppm: int

    def encode(self) -> bytes:
        """The payload."""
        offers, demands = [list(offer) for offer in self.offers], [list(demand) for demand in self.demands]
        return cbor.encode({1: self.t0, 2: offers, 3: demands, 4: self.price, 5: self.mu_ppm})

    @classmethod
    def decode(cls, payload: bytes) -> "Pricing":
        """From a payload."""
        body = map_of(cbor.decode(payload, 4), "pricing", (1, 2, 3, 4, 5))
        return cls(
            uint_of(body[1], "t0"),
            rows_of(body[2], "offers", 2, _quantity),
            rows_of(body[3], "demands", 2, _quantity),
            uint_of(body[4], "price", 1, MONEY),
            uint_of(body[5], "mu", 0, PPM),
        )


@dataclass(frozen=True, slots=True)
class Transaction:
    """Stage two: the interval's trades with power, price, execution period and prepaid margin."""

    TYPE: ClassVar[str] = "vnd.skerry.transaction"
    t0: int
    dt: int
    price: int
    trades: tuple[Trade, ...]
    reserve: int

    def encode(self) -> bytes:
        """The payload. The power of a trade is its energy over the execution period, rounded down to 1 W."""
        rows = [[trade.seller, trade.buyer, trade.wh, trade.wh * 3600 // self.dt, trade.margin] for trade in self.trades]
        return cbor.encode({1: self.t0, 2: self.dt, 3: self.price, 4: rows, 5: self.reserve})

    @classmethod
    def decode(cls, payload: bytes) -> "Transaction":
        """From a payload."""
        body = map_of(cbor.decode(payload, 4), "transaction", (1, 2, 3, 4, 5))
        entry = cls(
            uint_of(body[1], "t0"),
            uint_of(body[2], "dt", 1, 86400),
            uint_of(body[3], "price", 1, MONEY),
            rows_of(body[4], "trades", 5, _trade),
            uint_of(body[5], "reserve", 0, MONEY),
        )
        if entry.encode() != payload:
            raise WireError("transaction: a trade's power is not its energy over the period")
        return entry


@dataclass(frozen=True, slots=True)
class Settlement:
    """Stage three: what was measured, what became of each trade, and the postings. Revisions above 0 are true-ups."""

    TYPE: ClassVar[str] = "vnd.skerry.settlement"
    t0: int
    revision: int
    measured: tuple[tuple[str, Measured], ...]
    deliveries: tuple[Delivery, ...]
    postings: tuple[tuple[str, int], ...]
    feeder: tuple[int, int] | None
    unexplained_wh: int | None

    def encode(self) -> bytes:
        """The payload."""
        measured = [[meter, energy.imported, energy.exported, energy.quality] for meter, energy in self.measured]
        deliveries = [[delivery.wh, delivery.paid, delivery.subsidy] for delivery in self.deliveries]
        postings = [list(posting) for posting in self.postings]
        feeder = None if self.feeder is None else list(self.feeder)
        body = {1: self.t0, 2: self.revision, 3: measured, 4: deliveries, 5: postings, 6: feeder, 7: self.unexplained_wh}
        return cbor.encode(body)

    @classmethod
    def decode(cls, payload: bytes) -> "Settlement":
        """From a payload."""
        body = map_of(cbor.decode(payload, 4), "settlement", (1, 2, 3, 4, 5, 6, 7))
        feeder = None
        if body[6] is not None:
            imported, exported = list_of(body[6], "feeder", 2, 2)
            feeder = (uint_of(imported, "feeder", 0, WH), uint_of(exported, "feeder", 0, WH))
        return cls(
            uint_of(body[1], "t0"),
            uint_of(body[2], "revision", 0, MANY),
            rows_of(body[3], "measured", 4, _measured),
            rows_of(body[4], "deliveries", 3, _delivery),
            rows_of(body[5], "postings", 2, lambda row: (account_of(row[0]), uint_of(row[1], "posting", -MONEY, MONEY))),
            feeder,
            None if body[7] is None else uint_of(body[7], "unexplained", -WH, WH),
        )


def _quantity(row: list[object]) -> tuple[str, int]:
    return account_of(row[0]), uint_of(row[1], "Wh", 1, WH)


def _trade(row: list[object]) -> Trade:
    wh, margin = uint_of(row[2], "Wh", 1, WH), uint_of(row[4], "margin", 0, MONEY)
    return Trade(account_of(row[0]), account_of(row[1]), wh, margin)


def _measured(row: list[object]) -> tuple[str, Measured]:
    imported, exported = uint_of(row[1], "import", 0, WH), uint_of(row[2], "export", 0, WH)
    return account_of(row[0]), Measured(imported, exported, uint_of(row[3], "quality", 0, 2))


def _delivery(row: list[object]) -> Delivery:
    wh, paid = uint_of(row[0], "delivered", 0, WH), uint_of(row[1], "paid", 0, MONEY)
    return Delivery(wh, paid, uint_of(row[2], "subsidy", -MONEY, MONEY))
