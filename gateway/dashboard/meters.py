"""The meters' table: a row each, the feeder apart at the bottom."""

from gateway.core.view import MeterView

from .elements import Text, attribute, box, cell, header_row
from .verdict import Tone, debt_tone
from .watch import FEEDER, Watch
from .words import age, ago, count, energy, flow, time_quality, tokens

POWER, HEARD, ENERGY, UNTIL, CLOCK = "Power now", "Heard", "Certified energy", "Certified until", "Clock"
ISSUED, RECEIPTED, OWED, REFUSED, BALANCE = "Issued#", "Receipted#", "Owed#", "Refused#", "Balance, tokens#"
_SCALES: list[int] = [step * 10**digits for digits in range(1, 9) for step in (10, 15, 20, 30, 40, 60, 80)]


class MeterTable:
    """Rows are kept while the same meters are enrolled; only their changed cells are sent."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}
        self._enrolled: list[tuple[str, str, str]] = []
        with box("section", "meters", "meters", aria_labelledby="meters-title"):
            Text("h2", "Meters").props["id"] = "meters-title"
            with box("table", role="table", aria_labelledby="meters-title"):
                header_row("Meter", POWER, HEARD, ENERGY, UNTIL, CLOCK, ISSUED, RECEIPTED, OWED, REFUSED, BALANCE)
                self._units = box("tbody", role="rowgroup")
                self._feeders = box("tbody", "feeders", role="rowgroup")

    def show(self, watch: Watch) -> None:
        """Show each meter of the newest view."""
        meters = watch.view.meters
        enrolled = [(meter.meter, meter.name, meter.role) for meter in meters]
        if enrolled != self._enrolled:
            self._enrolled = enrolled
            self._build(meters)
        scale = _scale(meters)
        for meter in meters:
            self._rows[meter.meter].show(meter, watch, scale)

    def _build(self, meters: tuple[MeterView, ...]) -> None:
        self._units.clear()
        self._feeders.clear()
        self._rows = {}
        for meter in meters:
            with self._feeders if meter.role == FEEDER else self._units:
                self._rows[meter.meter] = _Row(meter)


class _Row:
    """One meter's cells, marked ``meter-<id>-<what>``."""

    def __init__(self, meter: MeterView) -> None:
        self._mark = f"meter-{meter.meter}"
        with box("tr", "meter", self._mark, role="row") as self._row:
            with box("th", "name", scope="row", role="rowheader"):
                Text("span", meter.name, "name")
                label = meter.role if meter.role == meter.meter else f"{meter.meter} \N{MIDDLE DOT} {meter.role}"
                Text("span", label, "quiet")
                self._warning = Text("span", mark=f"{self._mark}-warning")
            with box("td", "flow", role="cell", data_label=POWER):
                self._power = Text("span", mark=f"{self._mark}-power")
                with box("span", "bar", aria_hidden="true"):
                    self._bar = box("i")
            self._heard = self._cell(HEARD, "heard")
            with box("td", "registers", role="cell", data_label=ENERGY):
                self._import = Text("span", mark=f"{self._mark}-import")
                self._export = Text("span", mark=f"{self._mark}-export")
            self._until = self._cell(UNTIL, "until")
            self._clock = self._cell(CLOCK, "clock")
            self._issued = self._cell(ISSUED, "issued")
            self._receipted = self._cell(RECEIPTED, "receipted")
            self._debt = self._cell(OWED, "debt")
            self._refused = self._cell(REFUSED, "refused")
            self._balance = self._cell(BALANCE, "balance")

    def _cell(self, column: str, what: str) -> Text:
        return cell(column, f"{self._mark}-{what}")

    def show(self, meter: MeterView, watch: Watch, scale: int) -> None:
        """Show what the meter said last, in a picture whose bars are ``scale`` W long on either side."""
        now = watch.view.time
        silent = watch.is_silent(meter)
        attribute(self._row, "data-state", "silent" if silent else "heard")
        self._warning.show("in quarantine" if meter.quarantined else "see the log" if meter.warnings else "", Tone.BAD)
        self._power.show(flow(meter.power_w, meter.role == FEEDER))
        self._show_bar(meter.power_w or 0, scale)
        self._heard.show(_heard(meter, now, silent), Tone.BAD if silent else None)
        self._import.show(f"in {energy(meter.import_wh)}")
        self._export.show(f"out {energy(meter.export_wh)}")
        self._until.show(ago(meter.certified_until, now))
        self._clock.show(time_quality(meter.clock_quality, meter.clock_uncertainty_ms))
        self._issued.show(count(meter.issued))
        self._receipted.show(count(meter.receipted))
        self._debt.show(count(meter.debt), debt_tone(watch, meter))
        self._refused.show(count(meter.refused), Tone.WAIT if meter.refused else None)
        self._balance.show(tokens(meter.balance))

    def _show_bar(self, watts: int, scale: int) -> None:
        attribute(self._bar, "data-way", "take" if watts > 0 else "give")
        self._bar.style(replace=f"width: {min(50, 50 * abs(watts) // scale)}%")


def _heard(meter: MeterView, now: int, silent: bool) -> str:
    if meter.state_time is None:
        return "never heard"
    if not silent:
        return ago(meter.state_time, now)
    return f"{'silent' if meter.online else 'offline'} for {age(now - meter.state_time)}"


def _scale(meters: tuple[MeterView, ...]) -> int:
    """Watts at a full bar, in coarse steps, so that bars seldom change their measure."""
    largest = max((abs(meter.power_w or 0) for meter in meters), default=0)
    return next(scale for scale in _SCALES if scale >= largest)
