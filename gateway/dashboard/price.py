"""The price strip: what a kilowatt-hour costs now, and why."""

from .elements import Text, box, fact
from .watch import Watch
from .words import UNKNOWN, clock, energy, factor, price, why


class PriceStrip:
    """The interval's price, mu, and the supply and demand that were expected."""

    def __init__(self) -> None:
        with box("section", "price", "price-strip", aria_label="Price"):
            with box("p", "figure"):
                self._price = Text("span", mark="price", classes="big")
                self._unit = Text("span", mark="price-unit", classes="unit")
            self._why = Text("p", mark="why", classes="detail")
            with box("dl", "facts"):
                self._mu = fact("Seller's factor \N{GREEK SMALL LETTER MU}", "mu")
                self._supply = fact("Expected supply", "supply")
                self._demand = fact("Expected demand", "demand")

    def show(self, watch: Watch) -> None:
        """Show the newest price; dashes before there is one."""
        priced = watch.view.price
        if priced is None:
            self._why.show("No interval is priced yet.")
            for text in (self._price, self._mu, self._supply, self._demand):
                text.show(UNKNOWN)
            return
        self._price.show(price(priced.price))
        self._unit.show(f"tokens per kWh from {clock(priced.t0)}")
        self._why.show(why(priced))
        self._mu.show(factor(priced.mu_ppm))
        self._supply.show(energy(priced.supply_wh))
        self._demand.show(energy(priced.demand_wh))
