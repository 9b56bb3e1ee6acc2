"""The gateway's signed word on the time."""

from pathlib import Path

import pytest

from firmware.meter.gateway_time import GatewayTime
from firmware.wire import topics
from firmware.wire.steps import finish
from gateway.core.centre import CLOCK_UNCERTAINTY_MS, Message
from tests.centre_bench import NOW, TwoMeters
from tests.virtual_meter import CENTRE, SITE

NOW_MS = NOW * 1000 + 321


@pytest.fixture
def bench(tmp_path: Path) -> TwoMeters:
    return TwoMeters(tmp_path / "ledger.sqlite")


def ask(bench: TwoMeters, meter: str, echo: bytes) -> None:
    assert bench.centre.on_messages([Message(topics.up(SITE, meter, "time"), echo)], NOW) == []


def test_a_meter_takes_the_gateways_word(bench: TwoMeters) -> None:
    asking = GatewayTime(SITE, "wind-1", CENTRE.public)
    ask(bench, "wind-1", asking.ask(b"12345678", 5000))
    (answer,) = bench.centre.tell_time(NOW_MS)
    assert answer.topic == "sk/v1/isle/wind-1/down/time"
    assert finish(asking.answer_steps(answer.payload, 5100)) == (NOW_MS + 50, CLOCK_UNCERTAINTY_MS + 50)


def test_each_question_is_answered_once_and_the_newest_of_a_meter_only(bench: TwoMeters) -> None:
    size = bench.size()
    ask(bench, "wind-1", b"12345678")
    ask(bench, "wind-1", b"abcdefgh")
    ask(bench, "house-1", b"ijklmnop")
    assert len(bench.centre.tell_time(NOW_MS)) == 2
    assert bench.centre.tell_time(NOW_MS) == []
    assert (bench.size(), bench.refusals()) == (size, {})


def test_strangers_and_noise_get_no_answer(bench: TwoMeters) -> None:
    ask(bench, "wind-9", b"12345678")
    ask(bench, "wind-1", b"1234567")
    ask(bench, "wind-1", b"")
    assert bench.centre.tell_time(NOW_MS) == []
    assert bench.refusals() == {"bad-state": 3}
