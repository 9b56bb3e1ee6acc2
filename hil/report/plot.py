"""Line charts as inline SVG: series over time, with the windows of faults behind them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from ..verdict.shapes import Point

WIDTH, HEIGHT = 860, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 10, 10, 24
_MOST_POINTS = 600
_COLOURS = ("#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b7791f", "#c53030", "#2c7a7b", "#4a5568")


@dataclass(frozen=True, slots=True)
class Window:
    """When a fault held, in seconds of running, and what it was."""

    begin: float
    end: float
    label: str


def chart(series: Mapping[str, Sequence[Point]], windows: Sequence[Window], end_s: float) -> str:
    """An SVG element. Of a longer series every so manieth point is drawn, and always the last."""
    values = [value for points in series.values() for _, value in points]
    low, high = min([0.0, *values]), max([0.0, *values])
    if low == high:
        high = 1.0
    span, end = high - low, end_s or 1.0

    def x(t: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * t / end, 1)

    def y(value: float) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (high - value) / span, 1)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">']
    for window in windows:
        width, height = max(1.0, x(window.end) - x(window.begin)), y(low) - _TOP
        box = f'x="{x(window.begin)}" y="{_TOP}" width="{width:.1f}" height="{height:.1f}"'
        parts.append(f'<rect class="fault" {box}><title>{escape(window.label)}</title></rect>')
    for value in (low, 0.0, high):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(value)}" y2="{y(value)}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(value) + 4}" text-anchor="end">{value:,.0f}</text>')
    for t, anchor in ((0.0, "start"), (end / 2, "middle"), (end, "end")):
        parts.append(f'<text x="{x(t)}" y="{HEIGHT - 6}" text-anchor="{anchor}">{t:.0f} s</text>')
    for number, (name, points) in enumerate(series.items()):
        path = " ".join(f"{x(t)},{y(value)}" for t, value in _thinned(points))
        title = f"<title>{escape(name)}</title>"
        parts.append(f'<polyline stroke="{colour(number)}" points="{path}">{title}</polyline>')
    return "".join([*parts, "</svg>"])


def colour(number: int) -> str:
    """Of the series with this number, counted from 0."""
    return _COLOURS[number % len(_COLOURS)]


def _thinned(points: Sequence[Point]) -> list[Point]:
    step = len(points) // _MOST_POINTS + 1
    return [*points[:-1:step], *points[-1:]]
