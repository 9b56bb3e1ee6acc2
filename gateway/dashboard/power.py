"""Power as a picture: what the island gives and takes over the last minutes, and what crosses the feeder."""

from typing import Any

from nicegui import ui

from .elements import Text, attribute, box
from .watch import HISTORY_S, Watch
from .words import flow, power

_SHORTEST_S = 60
_FONT = {"color": "var(--quiet)", "fontSize": 12, "fontFamily": "Roboto, sans-serif"}
_HAIRLINE = {"lineStyle": {"color": "var(--line)"}}
_SERIES = (
    ("Generation", "var(--give)", "solid"),
    ("Consumption", "var(--take)", "dashed"),
    ("Feeder", "var(--feeder)", "dotted"),
)


class PowerPicture:
    """Three figures, which are the legend too, above a line for each."""

    def __init__(self) -> None:
        with box("section", "power", "power", aria_labelledby="power-title"):
            Text("h2", "Power now").props["id"] = "power-title"
            with box("div", "figures"):
                self._given = _figure("Generation", "given")
                self._taken = _figure("Consumption", "taken")
                self._feeder = _figure("Feeder", "feeder")
            with box("div", "chart-frame", "chart", role="img") as self._frame:
                self._chart = ui.echart(_options(), renderer="svg").classes("chart")
        self._drawn = 0

    def show(self, watch: Watch) -> None:
        """Show the newest sums, and redraw the lines if there is a newer sample."""
        now = watch.power()
        self._given.show(power(now.given))
        self._taken.show(power(now.taken))
        self._feeder.show(flow(now.feeder, is_feeder=True))
        newest = watch.powers[-1].time
        if newest == self._drawn:
            return
        self._drawn = newest
        series = self._chart.options["series"]
        series[0]["data"] = [[p.time * 1000, p.given / 1000] for p in watch.powers]
        series[1]["data"] = [[p.time * 1000, p.taken / 1000] for p in watch.powers]
        series[2]["data"] = [[p.time * 1000, None if p.feeder is None else p.feeder / 1000] for p in watch.powers]
        self._chart.options["xAxis"] |= {"min": min(watch.powers[0].time, newest - _SHORTEST_S) * 1000, "max": newest * 1000}
        self._chart.update()
        attribute(self._frame, "aria-label", f"Power over the last {HISTORY_S // 60} minutes, in kilowatts")


def _figure(name: str, mark: str) -> Text:
    with box("div", f"figure {mark}"):
        Text("span", name, "name")
        return Text("span", mark=f"power-{mark}", classes="value")


def _options() -> dict[str, Any]:
    """The style sheet's variables as colours, so that the SVG follows light and dark without a redraw."""
    return {
        "animation": False,
        "grid": {"left": 4, "right": 16, "top": 12, "bottom": 4, "containLabel": True},
        "xAxis": {
            "type": "time",
            "axisLine": _HAIRLINE | {"onZero": False},
            "axisTick": {"show": False},
            "axisLabel": _FONT | {"formatter": "{HH}:{mm}:{ss}", "hideOverlap": True},
            "minInterval": 20_000,
        },
        "yAxis": {
            "type": "value",
            "splitNumber": 4,
            "splitLine": _HAIRLINE,
            "axisLabel": _FONT | {"formatter": "{value} kW"},
        },
        "series": [_line(*series) for series in _SERIES],
    }


def _line(name: str, color: str, stroke: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "data": [],
        "showSymbol": False,
        "silent": True,
        "lineStyle": {"color": color, "width": 2, "type": stroke},
        "areaStyle": {"color": color, "opacity": 0.07 if stroke == "solid" else 0},
    }
