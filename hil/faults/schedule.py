"""Which faults hold at a moment. No I/O; the caller brings the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from .fault import Fault

F = TypeVar("F", bound=Fault)


@dataclass(frozen=True, slots=True)
class Change(Generic[F]):
    """A fault begins, or ends."""

    fault: F
    begins: bool


class Schedule(Generic[F]):
    """Faults in their windows. `active` are those that hold now, in the order of the scenario."""

    def __init__(self, faults: Sequence[F]) -> None:
        self._faults = tuple(faults)
        self.active: tuple[F, ...] = ()

    def tick(self, now_s: float) -> list[Change[F]]:
        """Move to `now_s`, seconds of running, and say what changes; what has ended comes first.

        A fault whose whole window lies between two calls begins late, and ends with the next call: none is left out.
        """
        ended = [fault for fault in self.active if now_s >= fault.at_s + fault.for_s]
        begun = [fault for fault in self._faults if fault not in self.active and fault.at_s <= now_s]
        self._faults = tuple(fault for fault in self._faults if fault not in begun)
        self.active = tuple(fault for fault in (*self.active, *begun) if fault not in ended)
        return [Change(fault, False) for fault in ended] + [Change(fault, True) for fault in begun]

    def end(self) -> list[Change[F]]:
        """End what holds, and begin nothing more."""
        self._faults = ()
        ended, self.active = self.active, ()
        return [Change(fault, False) for fault in ended]
