"""Numbers as people read them. Pure: a number in, a text out; energy in Wh, power in W, money in micro-tokens.

A proper minus sign stands before negative numbers, a comma between thousands, a space before the unit. None is UNKNOWN.
"""

import time

from gateway.core.view import PriceView, SettlementView

MICRO = 1_000_000
UNKNOWN = "\N{EN DASH}"
_AGES = ((86_400, "d"), (3_600, "h"), (60, "min"))
_MAGNITUDES = ((1_000_000, "MW"), (1_000, "kW"))


def _sign(number: int) -> str:
    return "\N{MINUS SIGN}" if number < 0 else ""


def count(number: int) -> str:
    """1234 as "1,234"."""
    return f"{_sign(number)}{abs(number):,}"


def plural(number: int, noun: str) -> str:
    """As in "1 meter" and "2 meters"."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def tokens(micro: int | None) -> str:
    """An account's balance to the last micro-token: 12345678 as "12.345678"."""
    if micro is None:
        return UNKNOWN
    whole, rest = divmod(abs(micro), MICRO)
    return f"{_sign(micro)}{whole:,}.{rest:06d}"


def price(micro: int) -> str:
    """Tokens with two to four digits after the point, the last one rounded half up: 143_200 as "0.1432", 160_000 as "0.16"."""
    whole, rest = divmod((micro + 50) // 100, 10_000)
    digits = f"{rest:04d}".rstrip("0")
    return f"{whole:,}.{digits:0<2}"


def factor(ppm: int) -> str:
    """Millionths as a factor of three digits: 870_000 as "0.870"."""
    return f"{(ppm + 500) // 1000 / 1000:.3f}"


def energy(wh: int | None) -> str:
    """Exact to the Wh: 830 as "830 Wh", 12345 as "12.345 kWh"."""
    if wh is None:
        return UNKNOWN
    if abs(wh) < 1000:
        return f"{count(wh)} Wh"
    kwh, rest = divmod(abs(wh), 1000)
    return f"{_sign(wh)}{kwh:,}.{rest:03d} kWh"


def power(watts: int | None) -> str:
    """Three digits and a unit, without a sign: 430 as "430 W", -2310 as "2.31 kW"."""
    if watts is None:
        return UNKNOWN
    size = abs(watts)
    for unit, name in _MAGNITUDES:
        if size >= unit:
            value = size / unit
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {name}"
    return f"{size} W"


def flow(watts: int | None, is_feeder: bool) -> str:
    """Power with its direction in words. A feeder above zero brings energy in; any other meter above zero takes it."""
    if watts is None:
        return UNKNOWN
    if watts == 0:
        return "idle"
    taking, giving = ("coming in", "going out") if is_feeder else ("taking", "giving")
    return f"{taking if watts > 0 else giving} {power(watts)}"


def age(seconds: int) -> str:
    """As in "3 s", "2 min", "5 h", "9 d": whole units, rounded down; a clock that runs ahead is "0 s"."""
    for unit, name in _AGES:
        if seconds >= unit:
            return f"{seconds // unit} {name}"
    return f"{max(0, seconds)} s"


def ago(moment: int | None, now: int) -> str:
    """How long before ``now`` (both Unix seconds), or "never"."""
    return "never" if moment is None else f"{age(now - moment)} ago"


def clock(moment: int) -> str:
    """Unix seconds as the gateway's wall clock shows them: "14:32:07"."""
    return time.strftime("%H:%M:%S", time.localtime(moment))


def day(moment: int) -> str:
    """The day and the time zone of that clock: "Thu 20 Nov, UTC"."""
    return time.strftime("%a %-d %b, %Z", time.localtime(moment))


def time_quality(quality: int | None, uncertainty_ms: int | None) -> str:
    """A meter's clock in words, with its uncertainty where it claims one."""
    if quality is None:
        return UNKNOWN
    word = ("never set", "network", "host clock", "authenticated")[quality]
    if quality == 0 or uncertainty_ms is None:
        return word
    size = f"{uncertainty_ms} ms" if uncertainty_ms < 1000 else age(uncertainty_ms // 1000)
    return f"{word} \N{PLUS-MINUS SIGN}{size}"


def revision(settled: SettlementView) -> str:
    """Whether a settlement can still change: it does once its silent meters have delivered."""
    if settled.provisional:
        return f"provisional, {settled.provisional} silent"
    return "trued up" if settled.revision else "final"


def why(interval: PriceView) -> str:
    """The price's reason in one sentence (island paper, eq. 2: mu < 1 above, > 1 below balance)."""
    if interval.supply_wh > interval.demand_wh:
        relation = "Supply exceeds demand"
    elif interval.supply_wh < interval.demand_wh:
        relation = "Demand exceeds supply"
    else:
        relation = "Supply meets demand"
    if interval.mu_ppm < MICRO:
        return f"{relation}: sellers receive {factor(interval.mu_ppm)} of the price."
    if interval.mu_ppm > MICRO:
        return f"{relation}: sellers receive {factor(interval.mu_ppm)} of the price, the subsidy fund adds the difference."
    if relation.startswith("Demand"):
        return f"{relation}, but the subsidy fund is empty: sellers receive the price in full."
    return f"{relation}: sellers receive the price in full."
