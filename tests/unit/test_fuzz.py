"""Short, seeded cuts of the fuzzing campaigns: `make bench-gateway` runs a million messages, and a million inputs."""

import random
from pathlib import Path

import pytest

from gateway.core.refusal import Refusal
from tools.robust import seeds
from tools.robust.decoding import DECODERS, judge
from tools.robust.messages import Campaign
from tools.robust.mutation import Mutator


def test_whatever_is_sent_nothing_escapes_and_the_honest_lose_nothing(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, seed=5)
    campaign.run(3000)
    refusals = campaign.bench.refusals()
    # all of the gate was tried, and much went through it
    assert {*Refusal} - {*refusals} <= {Refusal.FLOOD, Refusal.HIGH_S, Refusal.STUFFED_HEADER}
    assert campaign.bench.size() > 300
    assert campaign.answers > 300


def test_names_that_somebody_makes_up_take_no_memory(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, seed=6)
    campaign.run(1000)
    enrolled = {meter.meter for meter in (*campaign.crowd.honest, *campaign.crowd.hostile)}
    assert {meter for meter, _ in campaign.bench.centre._refusals} <= {*enrolled, ""}


@pytest.mark.parametrize("seed", range(4))
def test_a_decoder_gives_a_value_or_a_wire_error_and_a_value_has_one_form(seed: int) -> None:
    chance, good = random.Random(seed), seeds.inputs()  # noqa: S311
    mutator = Mutator(chance)
    for _ in range(5000):
        judge(mutator.of_bytes(chance.choice(good)))


def test_the_fuzzer_sets_out_with_something_good_for_every_decoder() -> None:
    assert {data[0] for data in seeds.inputs()} == {*range(len(DECODERS))}
