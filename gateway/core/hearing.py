"""Hearing the meters after a restore: has any of them a receipt for what the restored ledger does not hold?

A gateway that went on behind such a copy would sign a second history, and its meters would rightly convict it. What a meter
says of itself is unsigned, and TLS says that it is the meter; all it can do by lying is to keep the gateway from going on.
"""

from collections.abc import Mapping

from .telemetry import StateMessage


class Hearing:
    """All meters are heard, or people decide to go on without the rest.

    Attributes:
        lost: receipted certificates that are not on the ledger, by meter.
    """

    def __init__(self, held: Mapping[str, int]) -> None:
        """``held``: how many certificates of each meter the ledger holds or knows to be given up."""
        self.lost: dict[str, int] = {}
        self._held = held
        self._heard: set[str] = set()

    def note(self, meter: str, state: StateMessage) -> None:
        """Take ``meter``'s state. A last will says nothing."""
        if meter in self._held and state.receipted is not None:
            self._heard.add(meter)
            lost = state.receipted - self._held[meter]
            if lost > 0:
                self.lost[meter] = lost

    @property
    def silent(self) -> list[str]:
        """Those who have not been heard yet."""
        return sorted(self._held.keys() - self._heard)
