"""A ledger that needs others' consent: the shadow centre answers when they have given it, and says nothing twice."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from blockchain_iface.engines.embedded import EmbeddedLedger
from blockchain_iface.ledger import Rejected
from blockchain_iface.signatures import Verifier
from blockchain_iface.state.entries import Genesis
from firmware.wire import cose, receipt, topics
from gateway.core.centre import Message, NotBegun, ShadowCentre
from gateway.core.writer import Writer
from tests.virtual_meter import CENTRE, INTERVAL, SITE, T0, TARIFF, VirtualMeter

NOW = T0 + 1000


class Slow(EmbeddedLedger):
    """What is submitted waits until the others consent."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, CENTRE, SITE)
        self.waiting: dict[bytes, bytes] = {}
        self.calls = 0
        self.refuses = False

    def submit(self, entries: Sequence[bytes], _at: int) -> list[bytes]:
        self.calls += 1
        if self.refuses:
            raise Rejected(bytes(32), "another came first")
        ids = [cose.parse(entry).id for entry in entries]
        self.waiting |= {id: entry for id, entry in zip(ids, entries, strict=True) if self.get(id) is None}
        return ids

    def consent(self) -> int:
        """How many entries were new; those that break a rule by now are dropped."""
        waiting, self.waiting = self.waiting, {}
        count = 0
        for entry in waiting.values():
            try:
                super().submit([entry], NOW)
            except Rejected:
                continue
            count += 1
        return count


@pytest.fixture
def ledger(tmp_path: Path) -> Slow:
    return Slow(tmp_path / "ledger.sqlite")


def opened(ledger: Slow) -> ShadowCentre:
    return ShadowCentre(ledger, CENTRE, SITE, Genesis(CENTRE.public, INTERVAL, TARIFF), 30, Verifier(), NOW)


@pytest.fixture
def centre(ledger: Slow) -> ShadowCentre:
    with pytest.raises(NotBegun):
        opened(ledger)
    ledger.consent()
    return opened(ledger)


@pytest.fixture
def meter(ledger: Slow, centre: ShadowCentre) -> VirtualMeter:
    meter = VirtualMeter("home-1", 12)
    assert not centre.enrol(meter.request, "house", NOW)
    assert not centre.enrol(meter.request, "house", NOW)
    assert ledger.consent() == 1
    assert centre.enrol(meter.request, "house", NOW)
    return meter


def certificate(meter: VirtualMeter) -> Message:
    return Message(topics.up(SITE, meter.meter, "cert"), meter.certify(3, 0))


def test_a_receipt_is_given_when_the_certificate_is_final(ledger: Slow, centre: ShadowCentre, meter: VirtualMeter) -> None:
    first, second = certificate(meter), certificate(meter)
    assert centre.on_messages([first, second], NOW) == []
    assert centre.on_messages([first], NOW) == []
    assert [one for one in centre.on_tick(NOW) if one.topic.endswith("receipt")] == []
    ledger.consent()
    answers = [one for one in centre.on_tick(NOW) if one.topic.endswith("receipt")]
    assert [receipt.unwrap(one.payload)[1] for one in answers] == [1, 2]
    ledger.consent()
    assert [one for one in centre.on_tick(NOW) if one.topic.endswith("receipt")] == []
    # and a repetition gets the same one
    assert centre.on_messages([first], NOW) == answers[:1]


def test_a_proposal_waits_for_the_one_before(ledger: Slow, centre: ShadowCentre, meter: VirtualMeter) -> None:
    centre.on_messages([certificate(meter) for _ in range(4)], NOW)
    ledger.consent()
    kinds = set()
    for now in range(NOW, NOW + 40):
        centre.on_tick(now)
        centre.on_tick(now)
        proposed = [cose.parse(entry).type for entry in ledger.waiting.values()]
        kinds |= {*proposed}
        # nothing was proposed on a guess, so nothing is refused
        assert ledger.consent() == len(proposed)
    assert "vnd.skerry.settlement" in kinds


def test_while_a_proposal_waits_nothing_else_is_worked_out(ledger: Slow, centre: ShadowCentre, meter: VirtualMeter) -> None:
    centre.on_messages([certificate(meter)], NOW)
    ledger.consent()
    centre.on_tick(NOW)
    before = ledger.calls
    centre.on_tick(NOW)
    # only the same bytes again: to hear that they still wait
    assert ledger.calls == before + 1


def test_what_was_written_is_settled_when_it_is_final_or_refused(ledger: Slow) -> None:
    writer = Writer(ledger, CENTRE, SITE)
    assert writer.is_settled(NOW)
    writer.write("ledger", Genesis(CENTRE.public, INTERVAL, TARIFF), NOW)
    assert not writer.is_settled(NOW)
    ledger.refuses = True
    assert writer.is_settled(NOW)
    ledger.refuses = False
    assert not writer.is_settled(NOW)
    ledger.consent()
    assert writer.is_settled(NOW)


def test_a_proposal_that_came_too_late_is_made_anew(ledger: Slow, centre: ShadowCentre, meter: VirtualMeter) -> None:
    centre.on_messages([certificate(meter)], NOW)
    ledger.consent()
    centre.on_tick(NOW)
    assert ledger.waiting
    ledger.waiting.clear()  # the others refused it
    centre.on_tick(NOW)
    assert ledger.waiting
