"""Immediate controls of an inverter (SunSpec model 123): how much of its rating it may feed in. What is written acts."""

from collections.abc import Callable

from .sunspec import Part

_WHOLE = 100
_CONNECTED = 1


class Curtailment:
    """A limit in whole percent, which holds while it is enabled; 100 % and not enabled at first."""

    def __init__(self, limit: Callable[[float], None]) -> None:
        """`limit(fraction)` tells the plant how much of its rating the unit may give, 0..1."""
        self._limit = limit
        self._percent = _WHOLE
        self._enabled = 0

    def part(self) -> Part:
        """The model, for a device's chain. Power factor and reactive power are fixed, and cannot be written."""
        fixed = {"Conn": _CONNECTED, "WMaxLimPct_SF": 0, "OutPFSet": 100, "OutPFSet_SF": -2, "OutPFSet_Ena": 0, "VArPct_Ena": 0}
        live = {"WMaxLimPct": lambda _: self._percent, "WMaxLim_Ena": lambda _: self._enabled}
        return Part(123, fixed, live, {"WMaxLimPct": self._set_percent, "WMaxLim_Ena": self._enable})

    def _set_percent(self, value: int) -> bool:
        if value > _WHOLE:
            return False
        self._percent = value
        self._tell()
        return True

    def _enable(self, value: int) -> bool:
        if value not in {0, 1}:
            return False
        self._enabled = value
        self._tell()
        return True

    def _tell(self) -> None:
        self._limit(self._percent / _WHOLE if self._enabled else 1.0)
