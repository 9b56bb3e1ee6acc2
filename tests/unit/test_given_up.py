"""Certificates given up by a meter whose flash was full: billed once, by the registers in the gap event."""

from pathlib import Path

import pytest

from firmware.wire import certificate, cose, event, topics
from firmware.wire.gap import Gap
from gateway.core.centre import Message
from tests.centre_bench import NOW, CentreBench
from tests.virtual_meter import INTERVAL, SITE, T0, VirtualMeter

WH = (5, 7, 11, 13, 17, 19)


class Bench(CentreBench):
    """A shadow centre, and a meter with six certificates of which it gives up the second to the fifth."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.home = VirtualMeter("home-1", 12)
        self.centre.enrol(self.home.request, "house", NOW)
        self.data = [self.home.certify(wh, 0) for wh in WH]
        self.bodies = [certificate.decode(cose.parse(data).payload) for data in self.data]

    def gap(self, first: int = 2, last: int = 5, **changes: object) -> bytes:
        a, z = self.bodies[first - 1], self.bodies[last - 1]
        fields = {"first": first, "last": last, "t0": a.t0, "end": z.end, "opening": a.opening, "closing": z.closing}
        details = Gap(**{**fields, **changes}).details()  # type: ignore[arg-type]
        return self.home.record(event.GAP, details=details)

    def tell(self, data: bytes) -> bool:
        """Whether the event is receipted."""
        return bool(self.send(self.home, data, kind="event"))

    def certify(self, *numbers: int) -> None:
        """Send these certificates, and see that each is receipted."""
        for number in numbers:
            message = Message(topics.up(SITE, "home-1", "cert"), self.data[number - 1])
            assert self.centre.on_messages([message], NOW), number

    def imported(self) -> list[tuple[int, int]]:
        """Seconds and Wh of each interval."""
        found = [self.ledger.state.coverage.get((T0 + INTERVAL * at, "home-1")) for at in range(len(WH))]
        return [(one.seconds, one.imported) if one else (0, 0) for one in found]

    def asked(self) -> list[int]:
        return [now for now in range(NOW, NOW + 60) if any("cmd" in out.topic for out in self.centre.on_tick(now))]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "ledger.sqlite")


def test_the_energy_of_a_gap_is_billed_and_nobody_asks_for_it(bench: Bench) -> None:
    bench.certify(1)
    assert bench.tell(bench.gap())
    bench.certify(6)
    covered = bench.imported()
    assert {seconds for seconds, _ in covered} == {INTERVAL}
    assert (covered[0][1], sum(wh for _, wh in covered), covered[5][1]) == (5, sum(WH), 19)
    assert bench.asked() == []
    (meter,) = bench.centre.view(NOW, {}, "").meters
    assert (meter.receipted, meter.given_up, meter.debt) == (2, 4, 0)


def test_without_the_event_the_gap_is_asked_for(bench: Bench) -> None:
    bench.certify(1, 6)
    assert bench.asked()
    assert bench.centre.view(NOW, {}, "").meters[0].debt == 4


@pytest.mark.parametrize("before", [(), (1,), (1, 2, 3), (1, 3, 4), (2, 5, 6), (1, 2, 3, 4, 5, 6)])
@pytest.mark.parametrize("after", [(6,), (1, 3, 6), (1, 2, 3, 4, 5, 6)])
def test_nothing_is_billed_twice_whatever_comes_when(bench: Bench, before: tuple[int, ...], after: tuple[int, ...]) -> None:
    bench.certify(*before)
    assert bench.tell(bench.gap())
    bench.certify(*(number for number in (1, *after)))
    assert bench.tell(bench.gap(2, 4))
    covered = bench.imported()
    assert {seconds for seconds, _ in covered} == {INTERVAL}
    assert sum(wh for _, wh in covered) == sum(WH)


@pytest.mark.parametrize("change", [{"opening": (1000, 2000)}, {"closing": (9999, 2000)}, {"t0": T0}, {"end": T0 + 51}])
def test_a_gap_has_to_meet_its_neighbours(bench: Bench, change: dict[str, object]) -> None:
    bench.certify(1, 6)
    assert not bench.tell(bench.gap(2, 5, **change))
    assert bench.centre.view(NOW, {}, "").refusals == {"broken-chain": 1}


def test_a_neighbour_has_to_meet_the_gap(bench: Bench) -> None:
    assert bench.tell(bench.gap(closing=(2000, 2000)))
    message = Message(topics.up(SITE, "home-1", "cert"), bench.data[5])
    assert not bench.centre.on_messages([message], NOW)
