"""From a device's energy registers to certified ones, which never fall and never leap. No I/O.

    certified = device + offset

The offset changes only when the device's register starts anew (replaced, wrapped, reset). One odd answer must not do
that: counting on from a register that reads 0 once would count its whole content again when it reads true. So a leap in
either direction is a suspicion, and only CONFIRMATIONS readings that go on from it move the offset.

A register that wrapped at its largest value is told from one that was replaced by what it would have counted meanwhile:
if that is plausible it is counted, and nothing is lost.
"""

from ..wire.certificate import COUNTER_RESET, IMPLAUSIBLE

CONFIRMATIONS = 3
_STEP_WH = 10_000  # the most one poll may add: some registers count in steps of 10 kWh ...
_FIRST_STEP_WH = 1_000_000  # ... and a run's first one, for no clock may say how long nobody counted ...
_W = 1_000_000  # ... plus what this power would have added since the last counted reading
_LONGEST_MS = 10_000  # power is not integrated over a longer silence: that would invent energy
_HALF_W_MS_PER_WH = 7_200_000


def _unwrap(step: int, wraps: "int | None") -> int:
    return step + wraps if step < 0 and wraps is not None else step


def _minus(a: "tuple[int, int]", b: "tuple[int, int]") -> "tuple[int, int]":
    return a[0] - b[0], a[1] - b[1]


WRAP, REPLACEMENT = "wrap", "replacement"


class CounterChange:
    """A device's energy registers did not go on from where they were.

    Attributes:
        kind: WRAP (a register started at 0 again; its energy is counted) or REPLACEMENT (another device, or one that was
            reset; energy between ``old`` and ``new`` is unknown and not counted).
        old, new: the device's own registers (import, export) in Wh, the last ones counted and the first of the new series.
        at: Unix seconds at which it was certain.
    """

    __slots__ = ("at", "kind", "new", "old")

    def __init__(self, kind: str, old: "tuple[int, int]", new: "tuple[int, int]", at: int) -> None:
        self.kind = kind
        self.old = old
        self.new = new
        self.at = at


class Energy:
    """Certified registers of one metering point.

    Attributes:
        registers: (import, export), certified, Wh.
        offset: what to add to the device's registers, Wh; may be negative.
        change: the latest CounterChange of this run, None before the first; whoever reports it may set it to None.
    """

    def __init__(self, registers: "tuple[int, int]", offset: "tuple[int, int]", at: int) -> None:
        """``at``: Unix seconds of the last counted reading, as well as it is known."""
        self.registers = registers
        self.offset = offset
        self.change: CounterChange | None = None
        self._at = at
        self._is_first = True
        self._suspects: list[tuple[int, int]] = []

    def count(
        self, device: "tuple[int, int]", at: int, wraps: "tuple[int | None, int | None]" = (None, None)
    ) -> "tuple[tuple[int, int] | None, int]":
        """Take the device's registers, read at ``at`` (Unix seconds). ``wraps``: at how many Wh they start at 0 again.

        Returns:
            The step (import, export) of the certified registers in Wh, or None if this reading was refused; and the
            status bits that it earns: 0, IMPLAUSIBLE or COUNTER_RESET.
        """
        known = _minus(self.registers, self.offset)
        step = _minus(device, known)
        if self._plausible(step, at):
            self._suspects = []
            return self._take(step, at), 0
        fault = COUNTER_RESET if min(step) < 0 else IMPLAUSIBLE
        if self._suspects and not self._plausible(_minus(device, self._suspects[-1]), at):
            self._suspects = []
        self._suspects.append(device)
        if len(self._suspects) < CONFIRMATIONS:
            return None, IMPLAUSIBLE
        first = self._suspects[0]
        self._suspects = []
        return self._change(known, first, device, at, wraps), fault

    def _change(
        self,
        old: "tuple[int, int]",
        new: "tuple[int, int]",
        device: "tuple[int, int]",
        at: int,
        wraps: "tuple[int | None, int | None]",
    ) -> "tuple[int, int]":
        """Go on from another register: the step up to ``device``, counted from ``old`` if it wrapped, else from ``new``."""
        step = _minus(device, old)
        wrapped = _unwrap(step[0], wraps[0]), _unwrap(step[1], wraps[1])
        kind = WRAP if min(step) < 0 and self._plausible(wrapped, at) else REPLACEMENT
        if kind == REPLACEMENT:
            wrapped = _minus(device, new)
        self.change = CounterChange(kind, old, new, at)
        taken = self._take(wrapped, at)
        self.offset = _minus(self.registers, device)
        return taken

    def _plausible(self, step: "tuple[int, int]", at: int) -> bool:
        most = (_FIRST_STEP_WH if self._is_first else _STEP_WH) + _W * max(at - self._at, 0) // 3600
        return min(step) >= 0 and max(step) <= most

    def _take(self, step: "tuple[int, int]", at: int) -> "tuple[int, int]":
        self.registers = self.registers[0] + step[0], self.registers[1] + step[1]
        self._at = at
        self._is_first = False
        return step


class Integrator:
    """Energy registers for a device that has none: the trapezoidal rule over its power, in integers.

    The remainder below one Wh lives as long as the process.
    """

    def __init__(self, registers: "tuple[int, int]") -> None:
        """``registers``: (import, export) in Wh to count on from."""
        self._import_wh, self._export_wh = registers
        self._import_rest = self._export_rest = 0  # W * ms * 2
        self._last: tuple[int, int] | None = None

    def add(self, ticks_ms: int, w: int) -> "tuple[int, int]":
        """The registers after a sample of ``w`` watts at ``ticks_ms``, a clock that never jumps."""
        if self._last is not None and ticks_ms - self._last[0] <= _LONGEST_MS:
            area = (self._last[1] + w) * (ticks_ms - self._last[0])
            if area > 0:
                self._import_rest += area
            else:
                self._export_rest -= area
        self._last = ticks_ms, w
        self._import_wh += self._import_rest // _HALF_W_MS_PER_WH
        self._import_rest %= _HALF_W_MS_PER_WH
        self._export_wh += self._export_rest // _HALF_W_MS_PER_WH
        self._export_rest %= _HALF_W_MS_PER_WH
        return self._import_wh, self._export_wh
