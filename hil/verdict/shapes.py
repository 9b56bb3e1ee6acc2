"""Limits and shapes of one series. No I/O.

A point is (t, value): seconds of running, and the value in the series' own unit. `points` are those of the window that is
judged, by time. `whole` says whether the record covers the window to its end: without that a fault that was seen is still a
fault, but nothing can pass.
"""

from collections.abc import Sequence

from .finding import Finding, Word

Point = tuple[float, float]


def is_constant(points: Sequence[Point], tolerance: float, whole: bool) -> Finding:
    """No value is further than `tolerance` from the first."""
    if not points:
        return _nothing()
    first = points[0][1]
    for t, value in points:
        if abs(value - first) > tolerance:
            return Finding(Word.FAIL, f"{value:g} at {t:g} s, {first:g} at the start")
    return _passed(whole, f"{first:g} all along, {len(points)} values")


def within(points: Sequence[Point], low: float | None, high: float | None, whole: bool) -> Finding:
    """No value lies outside `low`..`high`, both included; None leaves a side open."""
    if not points:
        return _nothing()
    for t, value in points:
        if _outside(value, low, high):
            return Finding(Word.FAIL, f"{value:g} at {t:g} s is outside {_span(low, high)}")
    values = [value for _, value in points]
    return _passed(whole, f"{min(values):g} to {max(values):g} in {len(points)} values, allowed {_span(low, high)}")


def eventually(points: Sequence[Point], low: float | None, high: float | None, whole: bool) -> Finding:
    """From some moment on every value lies in `low`..`high`, both included; None leaves a side open."""
    if not points:
        return _nothing()
    since = None
    for t, value in points:
        if _outside(value, low, high):
            since = None
        elif since is None:
            since = t
    t, value = points[-1]
    if since is not None:
        return _passed(whole, f"in {_span(low, high)} from {since:g} s on, at last {value:g}")
    word = Word.FAIL if whole else Word.UNKNOWN
    return Finding(word, f"still {value:g} at {t:g} s, outside {_span(low, high)}")


def is_step(points: Sequence[Point], by: float, tolerance: float, within_s: float, whole: bool) -> Finding:
    """One level, then another that is higher by `by` (lower if negative), both kept to `tolerance`.

    The change itself takes at most `within_s` seconds; values in between do not matter.
    """
    if len(points) < 2:
        return _nothing()
    first, last = points[0][1], points[-1][1]
    height = last - first
    if abs(height - by) > tolerance:
        word = Word.FAIL if whole else Word.UNKNOWN
        return Finding(word, f"from {first:g} to {last:g} is a step by {height:g}, expected {by:g}")
    left = next((t for t, value in points if abs(value - first) > tolerance), points[-1][0])
    settled = points[max(i for i, (_, value) in enumerate(points) if i == 0 or abs(value - last) > tolerance) + 1 :]
    arrived = settled[0][0]
    if arrived - left > within_s:
        return Finding(Word.FAIL, f"left {first:g} at {left:g} s and stayed at {last:g} from {arrived:g} s on only")
    return _passed(whole, f"from {first:g} to {last:g} at {left:g} s")


def is_conserved(points: Sequence[Point], tolerance: float, whole: bool) -> Finding:
    """What the points add up to, sources less sinks, is nowhere further than `tolerance` from 0."""
    if not points:
        return _nothing()
    t, rest = max(points, key=lambda point: abs(point[1]))
    if abs(rest) > tolerance:
        return Finding(Word.FAIL, f"{rest:g} is left over at {t:g} s, allowed {tolerance:g}")
    return _passed(whole, f"at most {abs(rest):g} is left over in {len(points)} sums, allowed {tolerance:g}")


def _outside(value: float, low: float | None, high: float | None) -> bool:
    return (low is not None and value < low) or (high is not None and value > high)


def _span(low: float | None, high: float | None) -> str:
    if low == high:
        return f"{low:g}"
    return f"{'...' if low is None else f'{low:g}'} to {'...' if high is None else f'{high:g}'}"


def _nothing() -> Finding:
    return Finding(Word.UNKNOWN, "too little was recorded in this window")


def _passed(whole: bool, evidence: str) -> Finding:
    return Finding(Word.PASS, evidence) if whole else Finding(Word.UNKNOWN, f"{evidence}, but the record ends too early")
