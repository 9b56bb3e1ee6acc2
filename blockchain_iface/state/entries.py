"""The bodies of the entries that the shadow centre signs, each with its type, its encoding and its strict decoding.

    genesis      {1: public key, 2: interval s, 3: [feed-in, F_min, F_max, grid, mu_min, mu_max, margin, loss, payout at, keep],
                  4: [+ [second, price]]}
    enrolment    {1: role, 2: the meter's request}
    recharge     {1: account, 2: micro-tokens, 3: reference}              recovery likewise
    pricing      {1: t0, 2: [* [meter, Wh offered]], 3: [* [meter, Wh needed]], 4: F, 5: mu}
    transaction  {1: t0, 2: dt, 3: F, 4: [* [seller, buyer, Wh, W, margin]], 5: subsidy reserve}
    settlement   {1: t0, 2: revision, 3: [* [meter, import Wh, export Wh, quality]], 4: [* [Wh delivered, paid, subsidy]],
                  5: [* [account, micro-tokens]], 6: [import Wh, export Wh] of the feeder / null, 7: unexplained Wh / null}
    alarm        {1: kind (1 = clone), 2: meter, 3: number, 4: id of the statement on the ledger, 5: the other statement,
                  6: kind of statement (0 = certificate, 1 = event)}

F is in micro-tokens per kWh, mu and shares in millionths, times in Unix seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar

from firmware.wire import cbor, receipt
from firmware.wire.fields import WireError, bytes_of, list_of, map_of, uint_of
from firmware.wire.topics import is_id

from .records import Measured, Tariff, Trade
from .settlement import Delivery
from .state import FUNDED

CLONE = 1
ROLES = ("wind", "house", "storage", "load", "feeder")
_MANY = 100_000
_MONEY = 1 << 62
_WH = 1 << 48
_PPM = 100_000_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Genesis:
    """The first entry: the shadow centre's key, the interval in seconds, the tariff."""

    TYPE: ClassVar[str] = "vnd.skerry.genesis"
    public: bytes
    interval: int
    tariff: Tariff

    def encode(self) -> bytes:
        """The payload."""
        t = self.tariff
        numbers = [t.feed_in, t.price_min, t.price_max, t.grid_price, t.mu_min_ppm, t.mu_max_ppm, t.margin_ppm, t.loss_ppm]
        numbers += [t.payout_at, t.payout_keep]
        bands = [list(band) for band in t.bands]
        return cbor.encode({1: self.public, 2: self.interval, 3: numbers, 4: bands})

    @classmethod
    def decode(cls, payload: bytes) -> "Genesis":
        """From a payload. WireError unless feed-in <= F_min <= F_max <= grid price and mu_min <= 1 <= mu_max."""
        body = map_of(cbor.decode(payload, 4), "genesis", (1, 2, 3, 4))
        numbers = [uint_of(number, "tariff", 0, _MONEY) for number in list_of(body[3], "tariff", 10, 10)]
        bands = _rows(
            body[4], "bands", 2, lambda band: (uint_of(band[0], "band", 0, 86399), uint_of(band[1], "price", 1, _MONEY))
        )
        tariff = Tariff(bands, *numbers)
        if not tariff.feed_in <= tariff.price_min <= tariff.price_max <= tariff.grid_price or not tariff.price_min:
            raise WireError("tariff: feed-in <= F_min <= F_max <= grid price, and F_min > 0")
        if not tariff.mu_min_ppm <= 1_000_000 <= tariff.mu_max_ppm or not tariff.margin_ppm:
            raise WireError("tariff: mu_min <= 1 <= mu_max, and a margin above zero")
        starts = [start for start, _ in bands]
        if not bands or starts[0] != 0 or starts != sorted(set(starts)):
            raise WireError("tariff: the bands begin at second 0 and ascend")
        return cls(bytes_of(body[1], "public key", 64), uint_of(body[2], "interval", 1, 86400), tariff)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Authorises the key in ``request`` (the meter's own statement) to certify in ``role``."""

    TYPE: ClassVar[str] = "vnd.skerry.enrolment"
    role: str
    request: bytes

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.role, 2: self.request})

    @classmethod
    def decode(cls, payload: bytes) -> "Enrolment":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "enrolment", (1, 2))
        role, request = body[1], body[2]
        if not isinstance(role, str) or role not in ROLES or not isinstance(request, bytes):
            raise WireError(f"enrolment: the role is one of {', '.join(ROLES)}, the request a byte string")
        return cls(role, request)


@dataclass(frozen=True, slots=True)
class Recharge:
    """Tokens brought into circulation: ``amount`` micro-tokens, once per ``reference``."""

    TYPE: ClassVar[str] = "vnd.skerry.recharge"
    account: str
    amount: int
    reference: str

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: self.account, 2: self.amount, 3: self.reference})

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "order", (1, 2, 3))
        reference = body[3]
        if not isinstance(reference, str) or not 1 <= len(reference) <= 64:
            raise WireError("order: the reference is a text of 1 to 64 letters")
        return cls(_account(body[1]), uint_of(body[2], "amount", 1, _MONEY), reference)


@dataclass(frozen=True, slots=True)
class Recovery(Recharge):
    """Tokens taken out of circulation, to be paid out to the account's bank."""

    TYPE: ClassVar[str] = "vnd.skerry.recovery"


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
            _rows(body[2], "offers", 2, _quantity),
            _rows(body[3], "demands", 2, _quantity),
            uint_of(body[4], "price", 1, _MONEY),
            uint_of(body[5], "mu", 0, _PPM),
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
            uint_of(body[3], "price", 1, _MONEY),
            _rows(body[4], "trades", 5, _trade),
            uint_of(body[5], "reserve", 0, _MONEY),
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
            feeder = (uint_of(imported, "feeder", 0, _WH), uint_of(exported, "feeder", 0, _WH))
        return cls(
            uint_of(body[1], "t0"),
            uint_of(body[2], "revision", 0, _MANY),
            _rows(body[3], "measured", 4, _measured),
            _rows(body[4], "deliveries", 3, _delivery),
            _rows(body[5], "postings", 2, lambda row: (_account(row[0]), uint_of(row[1], "posting", -_MONEY, _MONEY))),
            feeder,
            None if body[7] is None else uint_of(body[7], "unexplained", -_WH, _WH),
        )


@dataclass(frozen=True, slots=True)
class Alarm:
    """Evidence: ``other`` is a second certificate or event (``kind``) with the number of the one whose id is ``first``."""

    TYPE: ClassVar[str] = "vnd.skerry.alarm"
    kind: int
    meter: str
    number: int
    first: bytes
    other: bytes

    def encode(self) -> bytes:
        """The payload."""
        return cbor.encode({1: CLONE, 2: self.meter, 3: self.number, 4: self.first, 5: self.other, 6: self.kind})

    @classmethod
    def decode(cls, payload: bytes) -> "Alarm":
        """From a payload."""
        body = map_of(cbor.decode(payload, 2), "alarm", (1, 2, 3, 4, 5, 6))
        uint_of(body[1], "alarm kind", CLONE, CLONE)
        if not isinstance(body[5], bytes):
            raise WireError("alarm: the evidence is a byte string")
        kind, number = uint_of(body[6], "kind", receipt.CERTIFICATE, receipt.EVENT), uint_of(body[3], "number", 1)
        return cls(kind, _account(body[2]), number, bytes_of(body[4], "first id", 32), body[5])


def _account(value: object) -> str:
    if not isinstance(value, str) or not (is_id(value) or value in FUNDED or is_id(value[1:])):
        raise WireError("an account is a meter's id or a system account")
    return value


def _rows(value: object, name: str, width: int, read: Callable[[list[object]], T]) -> tuple[T, ...]:
    return tuple(read(list_of(row, name, width, width)) for row in list_of(value, name, 0, _MANY))


def _quantity(row: list[object]) -> tuple[str, int]:
    return _account(row[0]), uint_of(row[1], "Wh", 1, _WH)


def _trade(row: list[object]) -> Trade:
    wh, margin = uint_of(row[2], "Wh", 1, _WH), uint_of(row[4], "margin", 0, _MONEY)
    return Trade(_account(row[0]), _account(row[1]), wh, margin)


def _measured(row: list[object]) -> tuple[str, Measured]:
    imported, exported = uint_of(row[1], "import", 0, _WH), uint_of(row[2], "export", 0, _WH)
    return _account(row[0]), Measured(imported, exported, uint_of(row[3], "quality", 0, 2))


def _delivery(row: list[object]) -> Delivery:
    wh, paid = uint_of(row[0], "delivered", 0, _WH), uint_of(row[1], "paid", 0, _MONEY)
    return Delivery(wh, paid, uint_of(row[2], "subsidy", -_MONEY, _MONEY))
