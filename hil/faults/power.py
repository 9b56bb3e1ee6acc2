"""Power cuts: who loses power when, and for how long."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .fault import Fault

BROKER, GATEWAY = "broker", "gateway"


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """At ``at_s`` seconds of running, ``victim`` (a meter, the gateway or the broker) is dead for ``down_s`` seconds.

    The gateway itself starts the broker again, so the broker's ``down_s`` is 0.
    """

    at_s: float
    victim: str
    down_s: float


class PowerCut(Fault):
    """SIGKILL to the meters that `of` names, or to the `gateway` or the `broker`, which the gateway starts again at once."""

    on: Literal["power"]

    def cuts(self, meters: Iterable[str]) -> list[Cut]:
        """Who is cut off, of these meters, the gateway and the broker."""
        if self.of == BROKER:
            return [Cut(self.at_s, BROKER, 0.0)]
        victims = [GATEWAY] if self.of == GATEWAY else [meter for meter in meters if self.hits(meter)]
        return [Cut(self.at_s, victim, self.for_s) for victim in victims]
