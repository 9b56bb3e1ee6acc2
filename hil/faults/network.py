"""What can be wrong with the connection between a meter and its broker; the names are toxiproxy's where it has one.

A proxy hands bytes over, not packets, so what happens to packets is told by what TCP makes of it.
"""

from collections.abc import Iterable
from random import Random
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat

from .fault import Fault, WireFault

RETRANSMISSION_S = 0.2
"""After which TCP sends again what was lost: the least that Linux waits (RFC 6298 asks for 1 s)."""


class Latency(WireFault):
    """Every byte takes `latency_s` longer, plus or minus up to `jitter_s`; none overtakes another."""

    on: Literal["network"]
    kind: Literal["latency"]
    latency_s: Annotated[float, Field(gt=0)]
    jitter_s: NonNegativeFloat = 0.0


class Loss(WireFault):
    """A share of the segments is lost, and comes when TCP has sent it again; what follows it waits."""

    on: Literal["network"]
    kind: Literal["loss"]
    share: Annotated[float, Field(gt=0, lt=1)]


class Bandwidth(WireFault):
    """The line carries so many bytes a second in each direction."""

    on: Literal["network"]
    kind: Literal["bandwidth"]
    bytes_per_s: Annotated[float, Field(gt=0)]


class ResetPeer(WireFault):
    """Connections are reset as soon as they are there."""

    on: Literal["network"]
    kind: Literal["reset_peer"]


class Timeout(WireFault):
    """Half-open: nothing that is sent arrives, neither end is told, and the connection is closed when the fault ends."""

    on: Literal["network"]
    kind: Literal["timeout"]


class Partition(WireFault):
    """Nothing gets through; what the ends still hold for sending arrives when the fault ends.

    `only` one way: `up` to the broker, or `down` to the meter, whose receipts are withheld then.
    """

    on: Literal["network"]
    kind: Literal["partition"]
    only: Literal["up", "down"] | None = None


NetworkFault = Annotated[Latency | Loss | Bandwidth | ResetPeer | Timeout | Partition, Field(discriminator="kind")]


class Path:
    """One direction of a connection: when its bytes arrive. No I/O; all times are one clock's seconds."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._sent_s = self._arrived_s = 0.0

    def arrival(self, now_s: float, size: int, faults: Iterable[Fault]) -> float:
        """When `size` bytes that are given to it at `now_s` have arrived: not before those that were given before."""
        sent, late = max(now_s, self._sent_s), 0.0
        for fault in faults:
            if isinstance(fault, Latency):
                late += max(0.0, fault.latency_s + self._chance.uniform(-fault.jitter_s, fault.jitter_s))
            elif isinstance(fault, Bandwidth):
                sent += size / fault.bytes_per_s
            elif isinstance(fault, Loss):
                late += self._sent_again(fault.share)
        self._sent_s = sent
        self._arrived_s = max(self._arrived_s, sent + late)
        return self._arrived_s

    def _sent_again(self, share: float) -> float:
        """Seconds until a segment is through: TCP doubles its patience each time."""
        patience, total = RETRANSMISSION_S, 0.0
        while self._chance.random() < share:
            total += patience
            patience *= 2
        return total
