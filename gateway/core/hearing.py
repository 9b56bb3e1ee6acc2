"""Hearing the meters after a restore: has any of them a receipt for what the restored ledger does not hold?

A gateway that went on behind such a copy would sign a second history, and its meters would rightly convict it. What a meter
says of itself is unsigned, and TLS says that it is the meter; all it can do by lying is to keep the gateway from going on.
"""

from collections.abc import Mapping

from .telemetry import StateMessage


class Hearing:
    """All meters are heard, or people decide to go on without the rest."""

    def __init__(self, held: Mapping[str, int]) -> None:
        """``held``: how many certificates of each meter the ledger holds or knows to be given up."""
        self._held = held
        self._receipted: dict[str, int] = {}
        self._given_up: dict[str, set[int]] = {}

    def note(self, meter: str, state: StateMessage) -> None:
        """Take ``meter``'s state. A last will says nothing."""
        if meter in self._held and state.receipted is not None:
            self._receipted[meter] = state.receipted

    def note_gap(self, meter: str, first: int, last: int) -> None:
        """``meter`` has given these certificates up and has no receipt for saying so: it counts them among the receipted."""
        self._given_up.setdefault(meter, set()).update(range(first, last + 1))

    @property
    def silent(self) -> list[str]:
        """Those who have not been heard yet."""
        return sorted(self._held.keys() - self._receipted.keys())

    @property
    def lost(self) -> dict[str, int]:
        """Receipted certificates that are not on the ledger, by meter."""
        counts = {
            meter: receipted - self._held[meter] - len(self._given_up.get(meter, ()))
            for meter, receipted in self._receipted.items()
        }
        return {meter: count for meter, count in counts.items() if count > 0}
