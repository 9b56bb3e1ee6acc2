"""Token buckets: what is heard of whoever talks too much."""

from hypothesis import example, given
from hypothesis import strategies as st

from gateway.core.bucket import Buckets

RATE, BURST = 3, 7
MOMENTS = st.lists(st.integers(0, 40), max_size=120).map(sorted)


@given(MOMENTS)
@example([0] + [40] * 10)
def test_no_span_lets_more_through_than_burst_and_rate(moments: list[int]) -> None:
    buckets = Buckets(RATE, BURST)
    heard = [now for now in moments if buckets.take("wind-1", now)]
    for i, first in enumerate(heard):
        for j in range(i, len(heard)):
            assert j - i + 1 <= BURST + RATE * (heard[j] - first)


@given(st.lists(st.integers(0, RATE), max_size=40))
def test_who_keeps_to_the_rate_is_always_heard(counts: list[int]) -> None:
    buckets = Buckets(RATE, BURST)
    assert all(buckets.take("wind-1", now) for now, count in enumerate(counts) for _ in range(count))


@given(MOMENTS, MOMENTS)
def test_one_name_costs_another_nothing(loud: list[int], quiet: list[int]) -> None:
    alone, shared = Buckets(RATE, BURST), Buckets(RATE, BURST)
    both = sorted([(now, "loud") for now in loud] + [(now, "quiet") for now in quiet])
    heard = [(name, shared.take(name, now)) for now, name in both]
    assert [taken for name, taken in heard if name == "quiet"] == [alone.take("quiet", now) for now in quiet]


def test_a_clock_that_was_set_back_gives_nothing_and_goes_on() -> None:
    buckets = Buckets(RATE, BURST)
    assert sum(buckets.take("wind-1", 1000) for _ in range(BURST + 1)) == BURST
    assert not buckets.take("wind-1", 10)
    assert sum(buckets.take("wind-1", 11) for _ in range(BURST)) == RATE
