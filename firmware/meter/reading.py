"""What one poll of a device says, in the units of the certificate."""

_POWER = 1 << 31
_REGISTER = 1 << 47
_MILLIHERTZ = 50000


def _within(value: "int | None", low: int, high: int) -> "int | None":
    return value if value is not None and low <= value <= high else None


class Reading:
    """Integers, or None for what the device does not measure or measured wildly.

    Attributes:
        w: power in W, positive for energy taken from the island; within +-2^31.
        import_wh, export_wh: the device's own energy registers, Wh.
        dv: voltage in tenths of a volt.
        mhz: frequency in thousandths of a hertz, 0..100,000.
        soc: state of charge in permille, 0..1000.
        wraps: at how many Wh each energy register (import, export) starts at 0 again, None where it does not or nobody knows.
    """

    __slots__ = ("dv", "export_wh", "import_wh", "mhz", "soc", "w", "wraps")

    def __init__(
        self,
        w: "int | None",
        import_wh: "int | None" = None,
        export_wh: "int | None" = None,
        dv: "int | None" = None,
        mhz: "int | None" = None,
        soc: "int | None" = None,
        wraps: "tuple[int | None, int | None]" = (None, None),
    ) -> None:
        self.w = _within(w, -_POWER, _POWER)
        self.import_wh = _within(import_wh, 0, _REGISTER)
        self.export_wh = _within(export_wh, 0, _REGISTER)
        self.dv = _within(dv, 0, 0xFFFFFFFF)
        self.mhz = _within(mhz, 0, 2 * _MILLIHERTZ)
        self.soc = _within(soc, 0, 1000)
        self.wraps = wraps

    @property
    def registers(self) -> "tuple[int, int] | None":
        """(import, export) in Wh, None unless both are known."""
        if self.import_wh is None or self.export_wh is None:
            return None
        return self.import_wh, self.export_wh
