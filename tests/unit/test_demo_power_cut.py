from collections import defaultdict
from typing import cast

import pytest

from hil.bench.island import Island
from hil.bench.outages import Outages
from hil.faults.power import BROKER, GATEWAY, Cut
from tools.demo.power_cut import plan

METERS = [f"home-{number}" for number in range(1, 12)]


def test_plan_follows_from_the_seed() -> None:
    assert plan(11, 12, 54, METERS) == plan(11, 12, 54, METERS)
    assert plan(11, 12, 54, METERS) != plan(12, 12, 54, METERS)


@pytest.mark.parametrize("seed", range(40))
def test_plan_cuts_everybody_and_nobody_twice_at_once(seed: int) -> None:
    cuts = plan(seed, 12, 54, METERS)
    assert cuts == sorted(cuts, key=lambda cut: cut.at_s)
    assert all(12 <= cut.at_s <= 54 for cut in cuts)
    victims = {cut.victim for cut in cuts}
    assert victims >= {BROKER, GATEWAY}
    assert len(victims - {BROKER, GATEWAY}) >= 5
    at_once: defaultdict[float, int] = defaultdict(int)
    back: dict[str, float] = {}
    for cut in cuts:
        assert cut.at_s > back.get(cut.victim, 0)
        assert (cut.down_s == 0) == (cut.victim == BROKER)
        back[cut.victim] = cut.at_s + cut.down_s
        at_once[cut.at_s] += cut.victim in METERS
    assert max(at_once.values()) <= 3


def test_a_small_island_is_cut_too() -> None:
    assert {"feeder", "wind-1"} <= {cut.victim for cut in plan(1, 12, 54, ["feeder", "wind-1"])}


class FakeChild:
    def __init__(self) -> None:
        self.pid: int | None = 1

    def kill(self) -> None:
        self.pid = None

    def start(self) -> None:
        assert self.pid is None
        self.pid = 1


class FakeIsland:
    def __init__(self) -> None:
        self.gateway = FakeChild()
        self.meters = {"home-1": FakeChild(), "home-2": FakeChild()}
        self.ready = True

    def gateway_word(self) -> dict[str, object] | None:
        return {} if self.ready and self.gateway.pid else None

    def cut_broker(self) -> bool:
        return self.gateway_word() is not None


def outages(*cuts: Cut) -> tuple[FakeIsland, Outages]:
    island = FakeIsland()
    return island, Outages(cast(Island, island), cuts)


def test_meters_are_dead_for_the_time_planned() -> None:
    island, kept = outages(Cut(1, "home-1", 2), Cut(2, "home-2", 3))
    assert kept.tick(0.9) == []
    assert kept.tick(1.1) == ["home-1"]
    assert island.meters["home-1"].pid is None
    assert kept.tick(2.0) == ["home-2"]
    assert kept.tick(3.2) == []
    assert island.meters["home-1"].pid == 1
    kept.end(4.0)
    assert island.meters["home-2"].pid == 1
    assert kept.dead_s == pytest.approx({"home-1": 2.1, "home-2": 2.0})
    assert [outage.victim for outage in kept.record] == ["home-1", "home-2"]


def test_a_gateway_that_is_not_up_yet_is_cut_later() -> None:
    island, kept = outages(Cut(1, GATEWAY, 2), Cut(1, BROKER, 0))
    island.ready = False
    assert kept.tick(1.0) == []
    assert island.gateway.pid == 1
    island.ready = True
    # the broker goes with its gateway, so its own cut waits in turn
    assert kept.tick(2.0) == [GATEWAY]
    assert kept.tick(4.5) == [BROKER]
    assert kept.dead_s == {}


def test_after_the_end_nobody_is_cut() -> None:
    island, kept = outages(Cut(5, "home-1", 2))
    kept.end(4.0)
    assert kept.tick(6.0) == []
    assert island.meters["home-1"].pid == 1
