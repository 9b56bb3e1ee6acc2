"""The island paper's pricing stage: equation (2), in integers.

R = mu * F(t, j) * P_r * T is a seller's whole revenue; a buyer pays F, so the fund pays (mu - 1) * F of each trade. The
paper prints the same condition for both cases of mu. Its text is followed: mu < 1 when output exceeds load, mu > 1 when it
falls short, 1 at equality. The shape is free in the paper: here mu = P_L / P_r, and F is the band's price scaled by the same
ratio, both clamped.

Equation (1) asks for the greatest consumption of new energy. Without limits it has no maximum, so what is traded is bound by
what is offered and what is needed: the smaller of the two is traded in full (matching.py).
"""

from .records import Tariff

PPM = 1_000_000


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def band_price(tariff: Tariff, t0: int) -> int:
    """F(t, j) before scaling: the price of the band in which ``t0`` (Unix seconds) falls, in micro-tokens per kWh."""
    second = t0 % 86400
    return [price for start, price in tariff.bands if start <= second][-1]


def price_and_mu(tariff: Tariff, t0: int, supply_wh: int, demand_wh: int, fund: int) -> tuple[int, int]:
    """(F in micro-tokens per kWh, mu in millionths) for the interval that begins at ``t0``.

    Args:
        supply_wh, demand_wh: expected energy of the interval, in Wh.
        fund: balance of the subsidy fund in micro-tokens; mu never promises more than it holds.
    """
    ratio = tariff.mu_max_ppm if supply_wh == 0 else demand_wh * PPM // supply_wh
    if supply_wh == demand_wh:
        ratio = PPM
    price = _clamp(band_price(tariff, t0) * ratio // PPM, tariff.price_min, tariff.price_max)
    mu = _clamp(ratio, tariff.mu_min_ppm, tariff.mu_max_ppm)
    paid = energy_cost(min(supply_wh, demand_wh), price)
    if subsidy_reserve(paid, mu) > max(0, fund):
        # the largest mu whose reserve the fund covers; rounding up the reserve costs one micro-token
        mu = PPM + max(0, fund - 1) * PPM // paid
    return price, mu


def energy_cost(wh: int, price: int) -> int:
    """Micro-tokens for ``wh`` at ``price`` micro-tokens per kWh, rounded down."""
    return wh * price // 1000


def margin(wh: int, price: int, margin_ppm: int) -> int:
    """Prepaid margin of a trade in micro-tokens, rounded up."""
    return -(-wh * price * margin_ppm // (1000 * PPM))


def affordable(balance: int, price: int, margin_ppm: int) -> int:
    """The most Wh whose margin ``balance`` covers."""
    return max(0, balance) * 1000 * PPM // (price * margin_ppm)


def subsidy(paid: int, mu_ppm: int) -> int:
    """What the fund adds to ``paid`` micro-tokens: negative when mu < 1. Rounded down."""
    return paid * (mu_ppm - PPM) // PPM


def subsidy_reserve(paid: int, mu_ppm: int) -> int:
    """What must be set aside so that no subsidy of trades worth ``paid`` can be short. Rounded up."""
    return max(0, -(-paid * (mu_ppm - PPM) // PPM))
