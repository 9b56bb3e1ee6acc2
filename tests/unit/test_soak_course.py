"""How a soak judges the heap it saw."""

import pytest

from tools.soak.course import CYCLE, Course, slope


def course(heap: list[int]) -> Course:
    """Of ten cycles, with ten samples in each."""
    return Course(certificates=10 * CYCLE, given_up=0, outages=40, debt=300, days=1.0, heap=heap)


def test_peak_is_the_most_ever_seen() -> None:
    assert course([100, 900, *[200] * 98]).peak == 900


def test_what_comes_and_goes_is_no_growth() -> None:
    assert course([1000 + 50 * (index % 10) for index in range(100)]).growth == 0


def test_what_is_never_given_back_is_growth() -> None:
    leaking = [1000 + 50 * (index * 7 % 10) + 32 * index for index in range(100)]
    assert course(leaking).growth == pytest.approx(32 * 10 * 1000 / CYCLE, rel=0.1)


def test_warm_up_is_no_growth() -> None:
    assert course([100 * index for index in range(25)] + [2500] * 75).growth == 0


def test_slope() -> None:
    assert slope([3, 5, 7]) == 2
    with pytest.raises(ValueError, match="two points"):
        slope([3])
