"""The gateway's signed word on the time."""

import ctypes
import struct
from math import inf
from pathlib import Path

import pytest

from firmware.meter.gateway_time import GatewayTime
from firmware.wire import topics
from firmware.wire.steps import finish
from gateway.adapters import machine
from gateway.core.centre import Message
from gateway.core.own_clock import UNKEPT_MS, UNKNOWN_MS, uncertainty_ms
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
    (answer,) = bench.centre.tell_time(NOW_MS, 20)
    assert answer.topic == "sk/v1/isle/wind-1/down/time"
    assert finish(asking.answer_steps(answer.payload, 5100)) == (NOW_MS + 50, 20 + 50)


def test_each_question_is_answered_once_and_the_newest_of_a_meter_only(bench: TwoMeters) -> None:
    size = bench.size()
    ask(bench, "wind-1", b"12345678")
    ask(bench, "wind-1", b"abcdefgh")
    ask(bench, "house-1", b"ijklmnop")
    assert len(bench.centre.tell_time(NOW_MS, 20)) == 2
    assert bench.centre.tell_time(NOW_MS, 20) == []
    assert (bench.size(), bench.refusals()) == (size, {})


def test_strangers_and_noise_get_no_answer(bench: TwoMeters) -> None:
    ask(bench, "wind-9", b"12345678")
    ask(bench, "wind-1", b"1234567")
    ask(bench, "wind-1", b"")
    assert bench.centre.tell_time(NOW_MS, 20) == []
    assert bench.refusals() == {"bad-state": 3}


@pytest.mark.parametrize(
    ("error_s", "admitted"), [(None, UNKNOWN_MS), (inf, UNKEPT_MS), (0.0, 1), (0.0121, 13), (16.0, 16_000)]
)
def test_the_gateway_admits_what_its_own_clock_is_worth(error_s: float | None, admitted: int) -> None:
    assert uncertainty_ms(error_s) == admitted


class Kernel:
    """adjtimex(2) that fills in what it is told."""

    def __init__(self, result: int, max_error_us: int, status: int) -> None:
        self.result = result
        self.image = struct.pack("@IqqqqiqqQ", 0, 0, 0, max_error_us, 5, status, 2, 1, 0)

    def adjtimex(self, timex: object) -> int:
        timex[: len(self.image)] = self.image  # type: ignore[index]
        return self.result


@pytest.mark.parametrize(
    ("result", "max_error_us", "status", "error_s"),
    [(0, 12_100, 0x2001, 0.0121), (5, 16_000_000, 0x40, inf), (-1, 0, 0, None)],
)
def test_the_kernel_says_how_well_the_clock_is_kept(
    monkeypatch: pytest.MonkeyPatch, result: int, max_error_us: int, status: int, error_s: float | None
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Kernel(result, max_error_us, status))
    assert machine.clock_error_s() == error_s
