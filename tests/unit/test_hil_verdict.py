"""Verdicts over a recorded history: pass, fail, and unknown where nothing was seen."""

import pytest

from hil.history import End, Ending, Head, Recording
from hil.scenario import parse
from hil.verdict.finding import Word, worst
from hil.verdict.rules import Rule
from hil.verdict.shapes import Point, eventually, is_conserved, is_constant, is_step, within

PASS, FAIL, UNKNOWN = Word.PASS, Word.FAIL, Word.UNKNOWN


def points(*values: float) -> list[Point]:
    return list(enumerate(values))


@pytest.mark.parametrize(
    ("values", "whole", "word"),
    [
        ((5, 5, 5), True, PASS),
        ((5, 6, 5), True, PASS),
        ((5, 5, 3), True, FAIL),
        ((), True, UNKNOWN),
        ((5, 5), False, UNKNOWN),
        ((5, 3), False, FAIL),
    ],
)
def test_constant(values: tuple[float, ...], whole: bool, word: Word) -> None:
    assert is_constant(points(*values), 1, whole).word is word


@pytest.mark.parametrize(
    ("low", "high", "word"), [(1, 3, PASS), (None, 3, PASS), (1, None, PASS), (2, None, FAIL), (None, 2.5, FAIL)]
)
def test_within_its_limits_included(low: float | None, high: float | None, word: Word) -> None:
    assert within(points(1, 2, 3), low, high, True).word is word


def test_within_names_value_and_time() -> None:
    assert within(points(1, 7), 0, 3, True).evidence == "7 at 1 s is outside 0 to 3"
    assert within([], 0, 3, True).word is UNKNOWN
    assert within(points(1, 2), 0, 3, False).word is UNKNOWN


@pytest.mark.parametrize(
    ("values", "whole", "word"),
    [
        ((9, 0, 0), True, PASS),
        ((0, 9, 0), True, PASS),
        ((0, 0, 9), True, FAIL),
        ((0, 9), False, UNKNOWN),
        ((9, 0), False, UNKNOWN),
    ],
)
def test_eventually_stays(values: tuple[float, ...], whole: bool, word: Word) -> None:
    assert eventually(points(*values), 0, 0, whole).word is word


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((1, 1, 9, 9), PASS),
        ((1, 5, 9, 9), PASS),
        ((1, 5, 2, 9), FAIL),
        ((1, 1, 1, 1), FAIL),
        ((9, 9, 1, 1), FAIL),
        ((1, 9, 1, 9), FAIL),
    ],
)
def test_step(values: tuple[float, ...], word: Word) -> None:
    assert is_step(points(*values), by=8, tolerance=0, within_s=1, whole=True).word is word


def test_a_step_down_and_one_that_was_not_seen_to_its_end() -> None:
    assert is_step(points(9, 9, 1.4), by=-8, tolerance=0.5, within_s=0, whole=True).word is PASS
    assert is_step(points(1, 1), by=8, tolerance=0, within_s=1, whole=False).word is UNKNOWN
    assert is_step(points(1), by=8, tolerance=0, within_s=1, whole=True).word is UNKNOWN


def test_conservation_has_the_worst_sum() -> None:
    assert is_conserved(points(0, 1, -1), 1, True).word is PASS
    found = is_conserved(points(0, 1, -3, 2), 1, True)
    assert (found.word, found.evidence) == (FAIL, "-3 is left over at 2 s, allowed 1")


def test_the_worst_word_counts_and_nothing_is_unknown() -> None:
    assert worst([PASS, UNKNOWN, FAIL]) is FAIL
    assert worst([PASS, UNKNOWN]) is UNKNOWN
    assert worst([PASS, PASS]) is PASS
    assert worst([]) is UNKNOWN


def rule(text: str) -> Rule:
    return parse(f'title = "t"\n[island]\nseconds = 1\n[[verdict]]\ntitle = "v"\n{text}', "t").verdict[0]


def recording(ending: Ending | None = Ending.FINISHED, last_t: float = 9.0, **series: list[Point]) -> Recording:
    head = Head(name="n", scenario="", seed=1, target="t", command="c", began=0)
    made = Recording(head)
    made.series = {name.replace("__", "."): values for name, values in series.items()}
    made.last_t = last_t
    if ending is not None:
        made.end = End(t=last_t, ending=ending, error=None, simulated_s=1, wall_s=1)
    return made


def words(rule: Rule, recording: Recording) -> dict[str, Word]:
    return {name: finding.word for name, finding in rule.findings(recording).items()}


def test_a_pattern_judges_each_series_in_its_window() -> None:
    one = rule('shape = "within"\nseries = "*.pending"\nhigh = 3\nfrom_s = 1\nto_s = 2')
    seen = recording(a__pending=points(9, 3, 3, 9), b__pending=points(0, 0, 4), a__w=points(99))
    assert words(one, seen) == {"a.pending": PASS, "b.pending": FAIL}
    assert words(one, recording(a__w=points(1))) == {"*.pending": UNKNOWN}


@pytest.mark.parametrize(
    ("ending", "last_t", "word"),
    [(Ending.FINISHED, 9, PASS), (Ending.ABORTED, 9, PASS), (None, 1.5, UNKNOWN), (Ending.FAILED, 1.5, UNKNOWN)],
)
def test_a_window_has_to_be_covered(ending: Ending | None, last_t: float, word: Word) -> None:
    one = rule('shape = "is_constant"\nseries = "x"\nto_s = 2')
    assert words(one, recording(ending, last_t, x=points(1, 1))) == {"x": word}


def test_without_its_end_nothing_holds_to_the_end() -> None:
    one = rule('shape = "is_constant"\nseries = "x"')
    assert words(one, recording(Ending.ABORTED, x=points(1, 1))) == {"x": UNKNOWN}
    assert words(one, recording(Ending.ABORTED, x=points(1, 2))) == {"x": FAIL}


def test_conservation_takes_each_series_once_and_whole_moments_only() -> None:
    one = rule('shape = "conservation"\nplus = ["feeder.w"]\nminus = ["*.w", "losses"]')
    seen = recording(feeder__w=points(10, 12, 99), a__w=points(9, 10), losses=points(1, 2))
    assert list(words(one, seen).values()) == [PASS]
    seen.series["losses"][1] = (1, 3)
    assert list(words(one, seen).values()) == [FAIL]
    assert list(words(one, recording(a__w=points(1))).values()) == [UNKNOWN]
    assert list(words(one, recording(feeder__w=points(0))).values()) == [UNKNOWN]
