"""One self-contained HTML file on several runs: verdicts, evidence and plots. Only what does not pass is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from jinja2 import Environment, PackageLoader

from ..history import Recording
from ..scenario import parse
from ..verdict.judge import Judgement
from .plot import Window, chart, colour

_PLOTS = {
    "power, W": "*.w",
    "delivery debt, certificates": "debt",
    "energy taken, Wh": "*.import_wh",
    "energy given, Wh": "*.export_wh",
    "balances, micro-tokens": "*.balance",
}
_RISING = ("*.import_wh", "*.export_wh", "*.balance")
"""Shown from where they began: registers and accounts are old when a run begins."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A titled chart."""

    title: str
    svg: str
    legend: tuple[tuple[str, str], ...]
    """Name and colour of each series."""


def render(judgements: Sequence[Judgement]) -> str:
    """The document."""
    environment = Environment(loader=PackageLoader("hil.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    runs = [(judgement, _title(judgement), _plots(judgement.recording)) for judgement in judgements]
    return environment.get_template("report.html").render(runs=runs)


def _title(judgement: Judgement) -> str:
    head = judgement.recording.head
    return parse(head.scenario, head.name).title


def _plots(recording: Recording) -> list[Plot]:
    windows = _windows(recording)
    plots = []
    for title, pattern in _PLOTS.items():
        series = {name: points for name, points in recording.series.items() if fnmatchcase(name, pattern)}
        if pattern in _RISING:
            series = {name: [(t, value - points[0][1]) for t, value in points] for name, points in series.items()}
        if series:
            legend = tuple((name.partition(".")[0], colour(number)) for number, name in enumerate(series))
            plots.append(Plot(title, chart(series, windows, max(recording.last_t, 0.0)), legend))
    return plots


def _windows(recording: Recording) -> list[Window]:
    """When faults held; one that was not seen to end holds to the end of the record."""
    begun: dict[str, float] = {}
    windows = []
    for event in recording.events:
        label = _label(event.details.get("fault", {}))
        if event.what == "fault begins":
            begun[label] = event.t
        elif event.what == "fault ends" and label in begun:
            windows.append(Window(begun.pop(label), event.t, label))
    return windows + [Window(begin, recording.last_t, label) for label, begin in begun.items()]


def _label(fault: dict[str, object]) -> str:
    return " ".join(str(fault[key]) for key in ("on", "kind", "of") if key in fault)
