"""When bytes arrive on a disturbed connection. No sockets; those are in tests/hil/test_proxy.py."""

from random import Random

import pytest

from hil.faults.fault import Fault
from hil.faults.network import RETRANSMISSION_S, Bandwidth, Latency, Loss, Path


def path() -> Path:
    return Path(Random(2))  # noqa: S311 - to be repeated, not to be secret


def latency(latency_s: float, jitter_s: float = 0.0) -> Fault:
    return Latency(on="network", kind="latency", at_s=0, for_s=1, of="*", latency_s=latency_s, jitter_s=jitter_s)


def bandwidth(bytes_per_s: float) -> Fault:
    return Bandwidth(on="network", kind="bandwidth", at_s=0, for_s=1, of="*", bytes_per_s=bytes_per_s)


def loss(share: float) -> Fault:
    return Loss(on="network", kind="loss", at_s=0, for_s=1, of="*", share=share)


def test_without_a_fault_bytes_arrive_at_once() -> None:
    assert path().arrival(3.0, 1000, []) == 3.0


def test_latency_delays_and_does_not_queue() -> None:
    one = path()
    assert [one.arrival(t, 1000, [latency(0.5)]) for t in (1.0, 1.1, 1.2)] == [1.5, 1.6, 1.7]


def test_bandwidth_queues() -> None:
    one = path()
    assert [one.arrival(1.0, 500, [bandwidth(1000)]) for _ in range(3)] == [1.5, 2.0, 2.5]
    assert one.arrival(9.0, 500, [bandwidth(1000)]) == 9.5


def test_both_add_up() -> None:
    one = path()
    assert [one.arrival(1.0, 500, [latency(0.3), bandwidth(1000)]) for _ in range(2)] == pytest.approx([1.8, 2.3])


def test_nothing_overtakes() -> None:
    one = path()
    arrivals = [one.arrival(t / 100, 10, [latency(0.5, 0.4)]) for t in range(200)]
    assert arrivals == sorted(arrivals)
    assert all(0.1 <= arrival - t / 100 <= 0.9 + 1e-9 for t, arrival in enumerate(arrivals))
    assert one.arrival(1.995, 10, []) == arrivals[-1]


def test_a_lost_segment_comes_after_the_senders_patience() -> None:
    one = path()
    late = [round(one.arrival(1000 * t, 10, [loss(0.3)]) - 1000 * t, 6) for t in range(1000)]
    assert set(late) <= {0.0, *(round(RETRANSMISSION_S * (2**n - 1), 6) for n in range(1, 9))}
    assert 0.2 < sum(value > 0 for value in late) / 1000 < 0.4
