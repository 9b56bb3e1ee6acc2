"""The body of a site's first entry.

    genesis = {1: public key, 2: interval s, 3: [feed-in, F_min, F_max, grid, mu_min, mu_max, margin, loss, payout at, keep],
               4: [+ [second, price]]}

F is in micro-tokens per kWh, mu and shares in millionths.
"""

from dataclasses import dataclass
from typing import ClassVar

from firmware.wire import cbor
from firmware.wire.fields import WireError, bytes_of, list_of, map_of, uint_of

from ..records import Tariff
from .parts import MONEY, rows_of


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
        numbers = [uint_of(number, "tariff", 0, MONEY) for number in list_of(body[3], "tariff", 10, 10)]
        bands = rows_of(
            body[4], "bands", 2, lambda band: (uint_of(band[0], "band", 0, 86399), uint_of(band[1], "price", 1, MONEY))
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
