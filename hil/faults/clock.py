"""What can be wrong with the clock of a meter's computer. Its monotonic clock goes on: it is its quartz, and keeps time."""

from typing import Annotated, Literal

from pydantic import Field

from .fault import Fault

RIGHT = "+0"
"""As libfaketime is told that nothing is wrong."""


class Jump(Fault):
    """The date is `by_s` seconds ahead, or behind if negative."""

    on: Literal["clock"]
    kind: Literal["jump"]
    by_s: float

    @property
    def told(self) -> str:
        """As libfaketime is told."""
        return f"{self.by_s:+g}"


class Drift(Fault):
    """The date goes `ppm` millionths too fast, or too slow if negative."""

    on: Literal["clock"]
    kind: Literal["drift"]
    ppm: Annotated[float, Field(gt=-1e6)]

    @property
    def told(self) -> str:
        """As libfaketime is told."""
        return f"{RIGHT} x{1 + self.ppm / 1e6:.6f}"


class Unset(Fault):
    """The date begins in 1970, as without a battery."""

    on: Literal["clock"]
    kind: Literal["unset"]

    @property
    def told(self) -> str:
        """As libfaketime is told."""
        return "@1970-01-01 00:00:01"


ClockFault = Annotated[Jump | Drift | Unset, Field(discriminator="kind")]
