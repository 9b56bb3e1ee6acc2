"""Who trades with whom: as much as both sides allow, pro rata on the long side, then paired off in a fixed order.

Maximises the traded new energy (island paper, equation 1) under the bounds of available output and of load plus storage
headroom: the short side is served in full. Pro rata is our choice; the literal objective would favour the largest unit.
"""

from collections.abc import Sequence

from .apportion import shares

Quantity = tuple[str, int]


def match(offers: Sequence[Quantity], demands: Sequence[Quantity]) -> list[tuple[str, str, int]]:
    """(seller, buyer, Wh) trades; sums never exceed an offer or a demand. Inputs are (meter, Wh) in any order."""
    total = min(sum(wh for _, wh in offers), sum(wh for _, wh in demands))
    sellers = _served(offers, total)
    buyers = _served(demands, total)
    trades = []
    while sellers and buyers:
        (seller, offered), (buyer, needed) = sellers[0], buyers[0]
        wh = min(offered, needed)
        trades.append((seller, buyer, wh))
        sellers[0], buyers[0] = (seller, offered - wh), (buyer, needed - wh)
        sellers = sellers if offered > wh else sellers[1:]
        buyers = buyers if needed > wh else buyers[1:]
    return trades


def _served(side: Sequence[Quantity], total: int) -> list[Quantity]:
    ordered = sorted(side)
    parts = shares(total, [wh for _, wh in ordered])
    return [(name, part) for (name, _), part in zip(ordered, parts, strict=True) if part > 0]
