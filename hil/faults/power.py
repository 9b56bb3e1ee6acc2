"""Power cuts: who loses power when, and for how long."""

from dataclasses import dataclass

BROKER, GATEWAY = "broker", "gateway"


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """At ``at_s`` seconds of running, ``victim`` (a meter, the gateway or the broker) is dead for ``down_s`` seconds.

    The gateway itself starts the broker again, so the broker's ``down_s`` is 0.
    """

    at_s: float
    victim: str
    down_s: float
