"""The report as one page that needs nothing else: what was found, and how long receipts took, drawn."""

from html import escape
from math import log10

from .course import Outcome, Phase
from .report import document, share

_WIDTH, _HEIGHT = 720, 300
_DECADES = (0, 4)
"""Of the picture's axis: from 1 ms to 10 s."""
_POINTS = 200
_COLOURS = {"full": "#0b6e99", "half": "#2a9d4a", "attacked": "#c2410c"}
_WORDS = {"full": "full speed", "half": "half speed", "attacked": "half speed, one attacker"}
_STYLE = """
:root { color-scheme: light dark } body { font: 16px/1.5 system-ui; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: right; padding: .2rem .6rem; border-bottom: 1px solid #8884 }
td:first-child, th:first-child { text-align: left }
svg { width: 100%; height: auto } svg text { font-size: 12px; fill: currentColor }
"""


def page(outcome: Outcome) -> str:
    """The whole document."""
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>skerry load test</title>
<style>{_STYLE}</style>
<h1>Load test</h1>
<p>{outcome.wishes.meters} meters over {escape(outcome.broker)}. At full speed the gateway took
<strong>{outcome.phases[0].rate:,.0f} certificates a second</strong>, {share(outcome):.2f} of what openssl verifies on one core
({outcome.verifies:,.0f}). Every certificate has its receipt; the newest of each meter was checked.</p>
{_table(outcome)}
<h2>How long a receipt takes</h2>
<p>Share of certificates receipted within a time, from publishing to receipt.</p>
{_picture(outcome.phases)}
</html>
"""


def _table(outcome: Outcome) -> str:
    heads = ("rate", "p50_ms", "p99_ms", "max_ms", "gateway_us", "broker_us", "generator_us", "gateway_mb")
    rows = "".join(
        f"<tr><td>{_WORDS[phase['name']]}</td>" + "".join(f"<td>{phase[head]:,.0f}</td>" for head in heads) + "</tr>"
        for phase in document(outcome)["phases"]
    )
    names = "".join(f"<th>{head.replace('_', ' ')}</th>" for head in ("a second", *heads[1:]))
    return f"<table><tr><th></th>{names}</tr>{rows}</table><p>Microseconds are processor time of one certificate.</p>"


def _picture(phases: list[Phase]) -> str:
    first, last = _DECADES
    ticks = "".join(
        f'<line x1="{_x(10**decade):.0f}" x2="{_x(10**decade):.0f}" y1="0" y2="{_HEIGHT}" stroke="#8884"/>'
        f'<text x="{_x(10**decade):.0f}" y="{_HEIGHT + 16}" text-anchor="middle">{10**decade:,} ms</text>'
        for decade in range(first, last + 1)
    )
    lines = "".join(
        f'<polyline fill="none" stroke="{_COLOURS[phase.name]}" stroke-width="2" points="{_points(phase)}"/>'
        f'<text x="8" y="{16 + 18 * row}" style="fill:{_COLOURS[phase.name]}">{_WORDS[phase.name]}</text>'
        for row, phase in enumerate(phases)
    )
    return f'<svg viewBox="-24 -4 {_WIDTH + 48} {_HEIGHT + 28}" role="img">{ticks}{lines}</svg>'


def _points(phase: Phase) -> str:
    shares = [step / _POINTS for step in range(_POINTS + 1)]
    return " ".join(f"{_x(phase.delay_ms(each)):.1f},{_HEIGHT * (1 - each):.1f}" for each in shares)


def _x(delay_ms: float) -> float:
    first, last = _DECADES
    return min(max((log10(max(delay_ms, 0.001)) - first) / (last - first), 0.0), 1.0) * _WIDTH
