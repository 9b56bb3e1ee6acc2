from pathlib import Path

import pytest

from hil.bench.follower import Follower
from tests.virtual_meter import INTERVAL, T0
from tests.worlds import DEADLINE, Island


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def test_waits_for_the_file(file: Path) -> None:
    follower = Follower(file)
    assert list(follower.news()) == []
    file.touch()
    assert list(follower.news()) == []
    file.unlink()
    island = Island(file)
    island.run(90, 40, 30, now=T0 + INTERVAL)
    assert [settled.t0 for settled in follower.news()] == [T0]


def test_tells_each_settlement_once(file: Path) -> None:
    follower = Follower(file)
    island = Island(file)
    island.run(90, 40, 30, now=T0 + INTERVAL)
    [first] = follower.news()
    assert (first.length_s, first.revision, first.measured_wh, first.unexplained_wh, first.silent) == (INTERVAL, 0, 160, 0, 0)
    assert list(follower.news()) == []
    island.run(90, 40, 30, now=T0 + 2 * INTERVAL)
    assert [settled.t0 for settled in follower.news()] == [T0 + INTERVAL]
    assert follower.certificates("home-1") == 2
    assert follower.certified_until("home-1") == T0 + 2 * INTERVAL
    assert (follower.certificates("nobody"), follower.certified_until("nobody")) == (0, 0)


def test_an_interval_is_final_once_the_silent_have_certified_it(file: Path) -> None:
    follower = Follower(file)
    island = Island(file)
    island.run(90, 40, 30, now=T0 + INTERVAL)
    late = island.home.certify(40, 0)
    second = T0 + INTERVAL
    for certificate in (island.wind.certify(0, 90), island.other.certify(30, 0), island.feeder.certify(0, 20)):
        island.submit(certificate, now=second + INTERVAL)
    list(follower.news())
    assert follower.is_final(second)
    assert not follower.is_final(second + INTERVAL)
    island.work(second + INTERVAL + DEADLINE)
    [provisional] = follower.news()
    assert (provisional.t0, provisional.silent, provisional.unexplained_wh) == (second, 1, None)
    assert not follower.is_final(second + INTERVAL)
    island.ledger.submit([late], second + INTERVAL + DEADLINE)
    assert list(follower.news()) == []
    assert not follower.is_final(second + INTERVAL)
    island.work(second + INTERVAL + DEADLINE)
    assert [(one.t0, one.revision, one.silent) for one in follower.news()] == [(second, 1, 0)]
    assert follower.is_final(second + INTERVAL)
